using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.EndToEnd.Tests.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Changes of questions over HTTP: checked, stored, applied, and refused.</summary>
public sealed class LiveConfigurationTests : IDisposable
{
    private const string Open = """{"Ask":"Is the gate open?","Answer":"YesNo"}""";

    private readonly ConfigurationFixture _fixture = new();
    private readonly List<EdgeConfiguration> _applied = [];
    private readonly List<ConfigurationChange> _changes = [];

    private string FilePath => Path.Combine(_fixture.Current, "appsettings.json");

    private string State => Path.Combine(_fixture.Current, "state");

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_set_question_is_applied_stored_and_there_after_a_restart_while_the_file_is_not_touched()
    {
        var live = Start();
        var before = File.ReadAllBytes(FilePath);

        var created = live.Set("gate", "open", Bytes("""{"Ask":"Is the gate open?","Answer":"YesNo","Every":"00:00:07",}"""));
        var replaced = live.Set("gate", "person", Bytes("""{"ask":"Somebody?","Answer":"yesno"}"""));

        Assert.Equal((true, "overlay", false, "00:00:07"), (created.IsNew, Text(created.Definition, "source"), created.Definition["overrides"]!.GetValue<bool>(), Text(created.Definition, "Every")));
        Assert.Equal((false, true, "Somebody?", "YesNo"), (replaced.IsNew, replaced.Definition["overrides"]!.GetValue<bool>(), Text(replaced.Definition, "Ask"), Text(replaced.Definition, "Answer")));
        Assert.Equal(["person", "car", "open"], Questions(_applied[^1]).Keys);
        Assert.Equal(before, File.ReadAllBytes(FilePath));

        // The camera keeps its stream.
        Assert.All(_changes, change => Assert.Equal(("gate", 0), (Assert.Single(change.QuestionsChanged).Value, change.Opened.Count)));

        var again = Start();
        Assert.Equal("Somebody?", Questions(again.Current)["person"].Ask);
        Assert.Equal(["person overlay", "car file", "open overlay"], Shown(again));
    }

    [Fact]
    public void A_deleted_question_is_listed_as_deleted_and_comes_back_with_a_reset()
    {
        var live = Start();

        Assert.True(live.Delete("gate", "car")["deleted"]!.GetValue<bool>());
        Assert.Equal(["person file", "car overlay deleted"], Shown(live));
        Assert.Equal("A car?", Text(live.List("gate")[1]!.AsObject(), "Ask"));
        Assert.Equal(["person"], Questions(Start().Current).Keys);

        Assert.Equal("file", Text(live.Reset("gate", "car"), "source"));
        Assert.Equal(["person file", "car file"], Shown(live));
        Assert.Empty(live.Overlay.Entries);
    }

    [Fact]
    public void A_question_that_only_HTTP_knows_is_gone_when_it_is_deleted_or_reset()
    {
        var live = Start();
        live.Set("gate", "open", Bytes(Open));
        Assert.True(live.Delete("gate", "open")["deleted"]!.GetValue<bool>());
        live.Set("gate", "open", Bytes(Open));
        Assert.True(live.Reset("gate", "open")["deleted"]!.GetValue<bool>());
        Assert.Empty(live.Overlay.Entries);
        Assert.Equal(["person file", "car file"], Shown(live));
    }

    [Fact]
    public void A_changed_file_changes_the_other_questions_and_what_was_set_still_counts()
    {
        var live = Start();
        live.Set("gate", "person", Bytes("""{"Ask":"Somebody?","Answer":"YesNo"}"""));
        WriteFile(Person("Is there a man?"), """ "dog": { "Ask": "A dog?", "Answer": "YesNo" } """);

        live.Reload(EdgeConfiguration.Load(FilePath, _fixture.Sources, ConfigurationPurpose.Reload));

        Assert.Equal(["person overlay", "dog file"], Shown(live));
        Assert.Equal("Somebody?", Questions(_applied[^1])["person"].Ask);
        Assert.Equal("Is there a man?", Text(live.Reset("gate", "person"), "Ask"));
    }

    [Fact]
    public void A_camera_that_the_file_does_not_have_any_more_leaves_its_questions_unused_until_they_are_reset()
    {
        var live = Start();
        live.Set("gate", "open", Bytes(Open));
        File.WriteAllText(FilePath, File.ReadAllText(FilePath).Replace("\"gate\"", "\"yard\"", StringComparison.Ordinal));

        var again = Start();

        Assert.Contains("no such camera", Assert.Single(again.Current.OverlayUses).Reason, StringComparison.Ordinal);
        Assert.Contains(again.Current.Warnings, warning => warning.Key == "MobileVlm:Cameras:gate:Questions:open");
        Assert.True(again.Reset("gate", "open")["deleted"]!.GetValue<bool>());
        Assert.Empty(again.Current.OverlayUses);
    }

    [Theory]
    [InlineData("open", """{"Ask":"Open?","Answer":"Maybe"}""", "Answer", "YesNo")]
    [InlineData("open", """{"Ask":"Open?"}""", "Answer", "is missing")]
    [InlineData("open", """{"Ask":"Open?","Answer":"YesNo","Evry":"00:00:01"}""", "Evry", "did you mean 'Every'?")]
    [InlineData("open", """{"Ask":"Open?","Answer":"YesNo","Every":2}""", "Every", "'00:00:02'")]
    [InlineData("open", """{"Ask":"Open?","Answer":"Choice","Choices":["a"]}""", "Choices", "two or more")]
    [InlineData("open", """{"Ask":"Open?","Answer":"YesNo","Region":"0,0 2,2"}""", "Region", "three or more corners")]
    [InlineData("open", """{"Ask":"Open?","Answer":"YesNo","When":"cat = yes"}""", "When", "names a question that does not exist")]
    [InlineData("open", """{"Ask":"Open?","ask":"Open?","Answer":"YesNo"}""", "ask", "is given twice")]
    [InlineData("open", """{"Ask":"Open?","Answer":"YesNo","Night":{"NoBelow":7}}""", "Night:NoBelow", "0 to 1")]
    [InlineData("person", """{"Ask":"Open?","Answer":"YesNo","When":"car = yes"}""", "When", "waits for itself")]
    [InlineData("a b", Open, null, "up to 64 characters")]
    [InlineData("open", "[]", null, "not the definition of a question")]
    [InlineData("open", "{", null, "not the definition of a question")]
    public void An_invalid_definition_is_refused_with_its_key_and_what_would_be_accepted(string question, string definition, string? key, string remedy)
    {
        var live = Start();

        var refused = Assert.Throws<HttpFailureException>(() => live.Set("gate", question, Bytes(definition)));

        Assert.Equal((400, key), (refused.Status, refused.Parameter));
        Assert.Contains(remedy, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_applied);
        Assert.Empty(live.Overlay.Entries);
        Assert.False(File.Exists(QuestionOverlayFile.PathIn(State)));
    }

    [Fact]
    public void A_question_that_another_one_needs_is_not_deleted()
    {
        var live = Start();
        var refused = Assert.Throws<HttpFailureException>(() => live.Delete("gate", "person"));
        Assert.Equal(400, refused.Status);
        Assert.Contains("MobileVlm:Cameras:gate:Questions:car:When", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["person file", "car file"], Shown(live));
    }

    [Fact]
    public void Unknown_cameras_and_questions_are_404_with_the_known_ones()
    {
        var live = Start();
        foreach (var change in (Action[])
        [
            () => live.List("yard"), () => live.Set("yard", "a", Bytes(Open)), () => live.Delete("yard", "a"), () => live.Reset("yard", "a"),
        ])
        {
            var refused = Assert.Throws<HttpFailureException>(change);
            Assert.Equal((404, true), (refused.Status, refused.Message.Contains("gate", StringComparison.Ordinal)));
        }

        Assert.Contains("person, car", Assert.Throws<HttpFailureException>(() => live.Delete("gate", "cat")).Message, StringComparison.Ordinal);
        Assert.Equal(404, Assert.Throws<HttpFailureException>(() => live.Reset("gate", "cat")).Status);
    }

    [Fact]
    public void Without_a_state_folder_changes_are_refused_with_the_reason_and_the_questions_are_shown()
    {
        var live = Start(hasState: false);
        foreach (var change in (Action[])[() => live.Set("gate", "open", Bytes(Open)), () => live.Delete("gate", "car"), () => live.Reset("gate", "car")])
        {
            var refused = Assert.Throws<HttpFailureException>(change);
            Assert.Equal(409, refused.Status);
            Assert.Contains("StateFolder", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(["person file", "car file"], Shown(live));
        Assert.Empty(live.Export().Deleted);
        Assert.Empty(_applied);
    }

    [Fact]
    public void A_change_that_cannot_be_stored_is_not_applied()
    {
        var live = Start();
        Directory.CreateDirectory(QuestionOverlayFile.PathIn(State));

        var refused = Assert.Throws<HttpFailureException>(() => live.Set("gate", "open", Bytes(Open)));

        Assert.Equal((507, "not_stored"), (refused.Status, refused.Code));
        Assert.Empty(_applied);
        Assert.Equal(["person file", "car file"], Shown(live));
    }

    [Fact]
    public void Earlier_changes_that_cannot_be_read_are_not_replaced()
    {
        Directory.CreateDirectory(QuestionOverlayFile.PathIn(State));
        var live = Start();

        var refused = Assert.Throws<HttpFailureException>(() => live.Set("gate", "open", Bytes(Open)));

        Assert.Equal((507, "not_stored"), (refused.Status, refused.Code));
        Assert.Contains("cannot be read", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["person file", "car file"], Shown(live));
    }

    [Fact]
    public void The_number_of_questions_and_the_length_of_a_definition_are_bounded()
    {
        var live = Start();
        var tooLong = Assert.Throws<HttpFailureException>(() => live.Set("gate", "open", new byte[QuestionOverlay.MaxDefinitionBytes + 1]));
        Assert.Equal(400, tooLong.Status);

        for (var i = 2; i < QuestionOverlay.MaxQuestionsPerCamera; i++)
        {
            live.Set("gate", $"q{i}", Bytes(Open));
        }

        var oneMore = Assert.Throws<HttpFailureException>(() => live.Set("gate", "more", Bytes(Open)));
        Assert.Contains("64 questions", oneMore.Message, StringComparison.Ordinal);
        Assert.False(live.Set("gate", "q2", Bytes(Open)).IsNew);
    }

    [Fact]
    public async Task Reading_does_not_wait_for_a_change_that_is_being_applied()
    {
        WriteFile(Person("Is there a person?"), """ "car": { "Ask": "A car?", "Answer": "YesNo" } """);
        var configuration = EdgeConfiguration.Load(FilePath, _fixture.Sources);
        using var applying = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var live = new LiveConfiguration(
            configuration,
            changed =>
            {
                applying.Set();
                Assert.True(goOn.Wait(Eventually.Patience));
                return ConfigurationChange.Between(configuration, changed);
            },
            NullLoggerFactory.Instance);
        var change = Task.Run(() => live.Set("gate", "open", Bytes(Open)));
        Assert.True(applying.Wait(Eventually.Patience));

        var read = await Task.Run(() => (live.Current, live.Overlay, List: live.List("gate").Count)).WaitAsync(Eventually.Patience);
        goOn.Set();

        Assert.Same(configuration, read.Current);
        Assert.Equal((0, 2), (read.Overlay.Entries.Count, read.List));
        Assert.True((await change).IsNew);
        Assert.Single(live.Overlay.Entries);
    }

    private LiveConfiguration Start(bool hasState = true)
    {
        if (!File.Exists(FilePath))
        {
            WriteFile(Person("Is there a person?"), """ "car": { "Ask": "A car?", "Answer": "YesNo", "When": "person = yes" } """, hasState);
        }

        var configuration = EdgeConfiguration.Load(FilePath, _fixture.Sources);
        var current = configuration;
        return new LiveConfiguration(
            configuration,
            changed =>
            {
                _applied.Add(changed);
                _changes.Add(ConfigurationChange.Between(current, changed));
                current = changed;
                return _changes[^1];
            },
            NullLoggerFactory.Instance);
    }

    private void WriteFile(string person, string other, bool hasState = true) => File.WriteAllText(FilePath, $$"""
        { "MobileVlm": {
          {{(hasState ? "\"StateFolder\": \"state\"," : "")}}
          "Model": { "Path": "/models/a" },
          "Mqtt": { "Broker": "embedded" },
          "Cameras": { "gate": { "Source": "pattern:", "Questions": { {{person}}, {{other}} } } } } }
        """);

    private static string Person(string ask) => $$""" "person": { "Ask": "{{ask}}", "Answer": "YesNo" } """;

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string? Text(JsonObject document, string member) => document[member]?.GetValue<string>();

    private static Dictionary<string, Deploy.Configuration.Options.QuestionOptions> Questions(EdgeConfiguration configuration) =>
        configuration.Options.Cameras["gate"].Questions;

    private static IEnumerable<string> Shown(LiveConfiguration live) => live.List("gate").Select(
        question => $"{question!["id"]} {question["source"]}{(question["deleted"] is null ? "" : " deleted")}");
}
