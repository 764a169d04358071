using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class EnvironmentTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_variable_overrides_the_file_in_any_case_and_at_every_level()
    {
        _fixture.Environment["MOBILEVLM__NODE"] = "from-env";
        _fixture.Environment["MobileVlm__Mqtt__Broker"] = "mqtt://10.0.0.2";
        _fixture.Environment["MOBILEVLM__CAMERAS__GATE__QUESTIONS__PERSON__EVERY"] = "00:01:00";
        _fixture.Environment["MobileVlm__Cameras__gate__Loop"] = "false";
        _fixture.Environment["MobileVlm__Model__Threads"] = "4";

        var options = _fixture.Read(ConfigurationFixture.Design).Options;

        Assert.Equal(("from-env", "mqtt://10.0.0.2", 4), (options.Node, options.Mqtt.Broker, options.Model.Threads));
        var gate = Assert.Single(options.Cameras);
        Assert.Equal(("gate", false, TimeSpan.FromMinutes(1)), (gate.Key, gate.Value.Loop, gate.Value.Questions["person"].Every));
    }

    [Fact]
    public void Variables_alone_can_be_the_whole_configuration()
    {
        _fixture.Environment["MobileVlm__Model__Path"] = "models/a";
        _fixture.Environment["MobileVlm__Mqtt__Broker"] = "embedded";
        _fixture.Environment["MobileVlm__Cameras__gate__Source"] = "pattern:";
        _fixture.Environment["MobileVlm__Cameras__gate__Questions__person__Ask"] = "Is there a person?";
        _fixture.Environment["MobileVlm__Cameras__gate__Questions__person__Answer"] = "yesno";

        var configuration = EdgeConfiguration.Load(null, _fixture.Sources);

        Assert.Null(configuration.File);
        Assert.Equal(Path.Combine(_fixture.Current, "models/a"), configuration.ModelPath);
    }

    [Fact]
    public void When_variables_do_not_suffice_the_message_names_the_searched_files()
    {
        _fixture.Environment["MobileVlm__Mqtt__Broker"] = "embedded";

        var refused = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load(null, _fixture.Sources));

        Assert.Contains($"{_fixture.Machine}/appsettings.json", refused.Message, StringComparison.Ordinal);
        Assert.Contains("MobileVlm:Model:Path: is missing: the folder of an imported model", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MobileVlm__Mqtt__Brokr", "MobileVlm:Mqtt:Brokr", "did you mean 'Broker'?")]
    [InlineData("MobileVlm__Nodes", "MobileVlm:Nodes", "did you mean 'Node'?")]
    [InlineData("MobileVlm__Mqtt", "MobileVlm:Mqtt", "is a single value; a group of keys")]
    [InlineData("MobileVlm__Node__Name", "MobileVlm:Node", "is not a single value")]
    public void An_unknown_or_misplaced_variable_is_refused_by_its_name(string variable, string key, string message)
    {
        _fixture.Environment[variable] = "1";

        var error = _fixture.Error(ConfigurationFixture.Small());

        Assert.Equal((key, $"environment variable {variable}"), (error.Key, error.Origin));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_value_names_its_variable()
    {
        _fixture.Environment["MobileVlm__Model__Threads"] = "all";

        Assert.Equal("environment variable MobileVlm__Model__Threads", _fixture.Error(ConfigurationFixture.Small()).Origin);
    }

    [Fact]
    public void A_camera_created_by_a_misspelled_variable_is_reported_with_that_variable()
    {
        _fixture.Environment["MobileVlm__Cameras__gat__Loop"] = "false";

        var error = _fixture.Error(ConfigurationFixture.Small());

        Assert.Equal(
            ("MobileVlm:Cameras:gat:Source", "environment variable MobileVlm__Cameras__gat__Loop"), (error.Key, error.Origin));
    }

    [Fact]
    public void Two_variables_for_one_key_are_refused()
    {
        _fixture.Environment["MobileVlm__Node"] = "a";
        _fixture.Environment["MOBILEVLM__NODE"] = "b";

        var message = _fixture.Error(ConfigurationFixture.Small()).Message;

        Assert.Contains("MobileVlm__Node", message, StringComparison.Ordinal);
        Assert.Contains("MOBILEVLM__NODE", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_variables_and_those_of_other_programs_are_ignored()
    {
        _fixture.Environment["MobileVlm__Node"] = "";
        _fixture.Environment["MobileVlm__Zebra"] = "";
        _fixture.Environment["MOBILEVLM_HOME"] = "/opt";
        _fixture.Environment["Other__Node"] = "x";

        Assert.Equal("edge-1", _fixture.Read(ConfigurationFixture.Design).Node);
    }

    [Fact]
    public void A_variable_sets_the_log_level()
    {
        _fixture.Environment["Logging__LogLevel__Default"] = "Debug";

        Assert.Equal("Debug", _fixture.Read(ConfigurationFixture.Small()).Logging["LogLevel:Default"]);
    }
}
