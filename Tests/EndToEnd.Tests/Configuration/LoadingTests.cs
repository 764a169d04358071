using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class LoadingTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_example_of_the_design_loads_as_it_is_written()
    {
        var options = _fixture.Read(ConfigurationFixture.Design).Options;

        Assert.Equal("edge-1", options.Node);
        Assert.Equal("/var/lib/mobilevlm/models/mobilevlm-v2-1.7b", options.Model.Path);
        Assert.Equal("embedded", options.Mqtt.Broker);
        var gate = Assert.Single(options.Cameras);
        Assert.Equal(("gate", "rtsp://10.0.0.5/stream"), (gate.Key, gate.Value.Source));
        Assert.Equal(["person", "scene"], gate.Value.Questions.Keys);
        var person = gate.Value.Questions["person"];
        Assert.Equal(("Is there a person?", QuestionKind.YesNo, TimeSpan.FromSeconds(2)), (person.Ask, person.Answer, person.Every));
        var scene = gate.Value.Questions["scene"];
        Assert.Equal(("Describe the scene.", QuestionKind.Text, TimeSpan.FromSeconds(30)), (scene.Ask, scene.Answer, scene.Every));
    }

    [Fact]
    public void A_missing_key_has_its_default()
    {
        var options = _fixture.Read(ConfigurationFixture.Small()).Options;

        Assert.Equal(("cpu", 0, 1024), (options.Model.Target, options.Model.Threads, options.Model.ContextTokens));
        Assert.Equal(("mobilevlm", TimeSpan.FromSeconds(15)), (options.Mqtt.BaseTopic, options.Mqtt.KeepAlive));
        Assert.Null(options.Mqtt.ClientId);
        var camera = options.Cameras["gate"];
        Assert.Equal((true, Pace.Real, 1d, true), (camera.Loop, camera.Pace, camera.Speed, camera.Snapshot));
        Assert.Null(camera.MaxFrameRate);
        Assert.Equal((TimeSpan.FromSeconds(2), 128), (camera.Questions["person"].Every, camera.Questions["person"].MaxTokens));
        Assert.Equal(("ffmpeg", "gst-launch-1.0"), (options.Tools.Ffmpeg, options.Tools.GstLaunch));
    }

    [Fact]
    public void Null_counts_as_missing()
    {
        var options = _fixture.Read(ConfigurationFixture.Small(
            model: """, "Threads": null""", more: """, "Node": null, "Pipeline": null, "Tools": { "Ffmpeg": null }""")).Options;

        Assert.Equal((0, null, 5, "ffmpeg"), (options.Model.Threads, options.Node, options.Pipeline.Restarts, options.Tools.Ffmpeg));
    }

    [Fact]
    public void Comments_trailing_commas_a_byte_order_mark_and_any_case_are_accepted()
    {
        var json = "\uFEFF// first\n" + ConfigurationFixture.Small(more: ", /* here */ \"NODE\": \"a\",").Replace("Broker", "broker", StringComparison.Ordinal);

        Assert.Equal("a", _fixture.Read(json).Options.Node);
    }

    [Fact]
    public void The_current_folder_has_priority_over_the_machines_folder()
    {
        _fixture.Write(_fixture.Machine, "appsettings.json", ConfigurationFixture.Small(more: """, "Node": "machine" """));
        Assert.Equal("machine", EdgeConfiguration.Load(null, _fixture.Sources).Node);

        _fixture.Write(_fixture.Current, "appsettings.json", ConfigurationFixture.Small(more: """, "Node": "current" """));
        Assert.Equal("current", EdgeConfiguration.Load(null, _fixture.Sources).Node);
    }

    [Fact]
    public void A_named_file_is_the_only_one_that_is_read()
    {
        _fixture.Write(_fixture.Current, "appsettings.json", "broken");
        _fixture.Write(_fixture.Current, "mine.json", ConfigurationFixture.Small());

        var loaded = EdgeConfiguration.Load("mine.json", _fixture.Sources);

        Assert.Equal(Path.Combine(_fixture.Current, "mine.json"), loaded.File);
    }

    [Fact]
    public void A_named_file_that_is_missing_or_a_folder_is_reported()
    {
        var missing = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load("absent.json", _fixture.Sources));
        var folder = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load(".", _fixture.Sources));

        Assert.Contains($"{_fixture.Current}/absent.json: does not exist", missing.Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", folder.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_file_the_message_names_the_searched_paths()
    {
        var error = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load(null, _fixture.Sources));

        Assert.Contains($"{_fixture.Current}/appsettings.json", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{_fixture.Machine}/appsettings.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endless_file_is_refused()
    {
        var error = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load("/dev/zero", _fixture.Sources));

        Assert.Contains("larger than 1 MiB", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\n  \"MobileVlm\": {\n    \"Node\": }\n}", "line 3, column 13")]
    [InlineData("{ \"ä\": 1 \"b\" }", "line 1, column 10")]
    [InlineData("{ \"MobileVlm\": {", "line 1, column 17")]
    [InlineData("", "line 1, column 1")]
    [InlineData("{} {}", "line 1, column 4")]
    [InlineData("[]", "does not hold a JSON object")]
    [InlineData("{ \"Node\": \"\\ud800\" }", "line 1")]
    public void A_file_that_is_not_JSON_is_refused_with_file_line_and_column(string json, string where)
    {
        var path = _fixture.Write(_fixture.Current, "bad.json", json);

        var error = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load(path, _fixture.Sources));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(where, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_UTF8_is_refused()
    {
        var path = Path.Combine(_fixture.Current, "latin.json");
        File.WriteAllBytes(path, [(byte)'{', (byte)'"', 0xE4, (byte)'"', (byte)':', (byte)'1', (byte)'}']);

        var error = Assert.Throws<ConfigurationException>(() => EdgeConfiguration.Load(path, _fixture.Sources));

        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_section_for_logging_is_kept_and_its_levels_are_checked()
    {
        var json = ConfigurationFixture.Small()[..^1] + """, "Logging": { "LogLevel": { "Default": "Debug" } } }""";

        Assert.Equal("Debug", _fixture.Read(json).Logging["LogLevel:Default"]);
        Assert.Contains("Trace", _fixture.Error(json.Replace("Debug", "Loud", StringComparison.Ordinal)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_file_is_accepted()
    {
        var example = EdgeConfiguration.Load(ConfigurationFixture.RepositoryFile("Deploy", "appsettings.example.json"), _fixture.Sources);

        var camera = Assert.Single(example.ToEdgeSettings("m").Cameras);
        Assert.Equal([QuestionKind.YesNo, QuestionKind.YesNo, QuestionKind.Number, QuestionKind.Choice, QuestionKind.Json, QuestionKind.Text], camera.Questions.Select(it => it.Kind));
        Assert.StartsWith("rtsp://", Assert.Single(example.ToCameraSettings()).Source, StringComparison.Ordinal);
    }
}
