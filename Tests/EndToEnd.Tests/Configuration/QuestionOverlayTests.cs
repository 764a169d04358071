using System.Text.Json.Nodes;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>Questions that were set over HTTP count over those of the configuration file.</summary>
public sealed class QuestionOverlayTests : IDisposable
{
    private const string Open = """{"Ask":"Is the gate open?","Answer":"YesNo","Every":"00:00:07"}""";

    private readonly ConfigurationFixture _fixture = new();

    private string State => Path.Combine(_fixture.Current, "state");

    private string OverlayFile => QuestionOverlayFile.PathIn(State);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_question_that_was_set_counts_and_the_others_of_the_file_stay()
    {
        Store(("gate", "person", """{"Ask":"Is somebody there?","Answer":"YesNo"}"""), ("gate", "open", Open));

        var configuration = Read(""", "Every": "00:00:09" """, """, "car": { "Ask": "A car?", "Answer": "YesNo" } """);

        var questions = configuration.Options.Cameras["gate"].Questions;
        Assert.Equal(["person", "car", "open"], questions.Keys);
        Assert.Equal(("Is somebody there?", TimeSpan.FromSeconds(2)), (questions["person"].Ask, questions["person"].Every));
        Assert.Equal(TimeSpan.FromSeconds(7), questions["open"].Every);
        Assert.Equal(
            [("gate/open", OverlayEffect.Adds), ("gate/person", OverlayEffect.Overrides)],
            configuration.OverlayUses.Select(use => (use.Key.ToString(), use.Effect)));
        Assert.Equal("Is there a person?", configuration.OverlayUses[1].InFile!.Ask);
    }

    [Fact]
    public void A_deleted_question_is_not_asked_although_the_file_has_it()
    {
        Store(("gate", "person", null));
        var configuration = Read(more: """, "car": { "Ask": "A car?", "Answer": "YesNo" } """);
        Assert.Equal(["car"], configuration.Options.Cameras["gate"].Questions.Keys);
        Assert.Equal(OverlayEffect.Deletes, Assert.Single(configuration.OverlayUses).Effect);
    }

    [Fact]
    public void Names_differ_by_letter_case_only_where_the_file_has_them()
    {
        Store(("GATE", "Person", """{"Ask":"Is somebody there?","Answer":"YesNo"}"""));
        var configuration = Read();
        Assert.Equal(["person"], configuration.Options.Cameras["gate"].Questions.Keys);
        Assert.Equal("gate/person", Assert.Single(configuration.OverlayUses).Key.ToString());
    }

    [Fact]
    public void An_environment_variable_does_not_change_what_was_set_over_HTTP()
    {
        _fixture.Environment["MobileVlm__Cameras__gate__Questions__person__Every"] = "00:00:11";
        Assert.Equal(TimeSpan.FromSeconds(11), Read().Options.Cameras["gate"].Questions["person"].Every);
        Store(("gate", "person", """{"Ask":"Is somebody there?","Answer":"YesNo"}"""));
        Assert.Equal(TimeSpan.FromSeconds(2), Read().Options.Cameras["gate"].Questions["person"].Every);
    }

    [Theory]
    [InlineData("yard", "person", "the configuration has no such camera")]
    [InlineData("gate", "cat", "Maybe")]
    [InlineData("gate", "a b", "up to 64 characters")]
    public void What_cannot_be_used_is_left_out_with_a_warning_and_the_file_counts(string camera, string question, string reason)
    {
        Store((camera, question, """{"Ask":"A cat?","Answer":"Maybe"}"""), ("gate", "open", Open));

        var configuration = Read();

        Assert.Equal(["person", "open"], configuration.Options.Cameras["gate"].Questions.Keys);
        var warning = Assert.Single(configuration.Warnings, it => it.Key.EndsWith($":{camera}:Questions:{question}", StringComparison.Ordinal));
        Assert.Contains("changed over HTTP, but that is not used", warning.Message, StringComparison.Ordinal);
        Assert.Contains(reason, warning.Message, StringComparison.Ordinal);
        Assert.Single(configuration.OverlayUses, use => use.Effect == OverlayEffect.Unused);
    }

    [Fact]
    public void A_deletion_that_another_question_needs_undone_is_left_out()
    {
        Store(("gate", "person", null), ("gate", "open", Open));
        var configuration = Read(more: """, "car": { "Ask": "A car?", "Answer": "YesNo", "When": "person = yes" } """);
        Assert.Equal(["person", "car", "open"], configuration.Options.Cameras["gate"].Questions.Keys);
        Assert.Contains(configuration.Warnings, warning => warning.Message.Contains("names a question that does not exist", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("person = yes", "person")]
    [InlineData("dog = yes", "dog")]
    [InlineData("truck = yes", "truck")]
    public void A_deletion_that_another_question_needs_undone_does_not_bring_the_other_deleted_questions_back(string when, string needed)
    {
        Store(("gate", "person", null), ("gate", "cat", null), ("gate", "dog", null), ("gate", "truck", null), ("gate", "open", Open));
        var ask = """{ "Ask": "Is it there?", "Answer": "YesNo" }""";

        var configuration = Read(more: $$"""
            , "cat": {{ask}}, "dog": {{ask}}, "truck": {{ask}}, "car": { "Ask": "A car?", "Answer": "YesNo", "When": "{{when}}" }
            """);

        Assert.Equal([needed, "car", "open"], configuration.Options.Cameras["gate"].Questions.Keys);
        var unused = Assert.Single(configuration.OverlayUses, use => use.Effect == OverlayEffect.Unused);
        Assert.Equal(needed, unused.Key.Question);
        Assert.Contains($"'{when}' names a question that does not exist", unused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_of_the_file_are_reported_as_without_the_overlay()
    {
        Store(("gate", "open", Open), ("gate", "cat", """{"Ask":"A cat?","Answer":"Maybe"}"""));
        var refused = Assert.Throws<ConfigurationException>(() => Read(more: """, "car": { "Ask": "A car?", "Answer": "YesNo", "When": "open = yes", "Evry": 1 } """));
        Assert.EndsWith("car:Evry", Assert.Single(refused.Errors).Key, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"version":1,"cameras":{""", "is damaged")]
    [InlineData("""{"version":1,"cameras":{"gate":{"person":{}}}}""", "is damaged")]
    [InlineData("""{"version":1,"cameras":{"gate":7}}""", "is damaged")]
    [InlineData("""{"version":"1","cameras":{}}""", "is damaged")]
    [InlineData("""{"version":1,"cameras":{},"cameras":{}}""", "is damaged")]
    [InlineData("[]", "is damaged")]
    [InlineData("", "is damaged")]
    [InlineData("""{"version":2,"cameras":[]}""", "newer version")]
    public void A_file_that_cannot_be_used_is_set_aside_and_the_configuration_file_counts(string content, string problem)
    {
        Directory.CreateDirectory(State);
        File.WriteAllText(OverlayFile, content);

        var configuration = Read();
        Assert.Equal(["person"], configuration.Options.Cameras["gate"].Questions.Keys);
        Assert.Contains(problem, Assert.Single(configuration.Warnings, warning => warning.Key == OverlayFile).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(OverlayFile));

        var log = new ListLogger<QuestionOverlayFile>();
        Assert.Empty(new QuestionOverlayFile(State, log).Open().Entries);

        var aside = problem == "is damaged" ? "damaged" : "v2";
        Assert.Contains($"{OverlayFile}.{aside}", Assert.Single(log.Messages), StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText($"{OverlayFile}.{aside}"));
        Assert.False(File.Exists(OverlayFile));
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var overlay = QuestionOverlay.Empty
            .With(new QuestionKey("gate", "open"), new OverlayEntry(Open))
            .With(new QuestionKey("yard", "dog"), OverlayEntry.Deletion);
        var file = new QuestionOverlayFile(State, new ListLogger<QuestionOverlayFile>());
        file.Write(overlay);
        Assert.Equal(overlay.Entries, file.Open().Entries);
        Assert.Equal(["question-overlay.json"], Directory.GetFiles(State).Select(Path.GetFileName));
    }

    [Fact]
    public void The_definition_that_a_list_shows_can_be_sent_back_and_means_the_same()
    {
        var example = EdgeConfiguration.Load(ConfigurationFixture.RepositoryFile("Deploy", "appsettings.example.json"), _fixture.Sources);
        var overlay = QuestionOverlay.Empty;
        foreach (var (camera, options) in example.Options.Cameras)
        {
            foreach (var (question, definition) in options.Questions)
            {
                overlay = overlay.With(new QuestionKey(camera, question), new OverlayEntry(QuestionDocument.Of(definition).ToJsonString()));
            }
        }

        var again = example.With(overlay);

        Assert.True(again.OverlayUses.Count > 5);
        Assert.All(again.OverlayUses, use => Assert.Equal((OverlayEffect.Overrides, null), (use.Effect, use.Reason)));
        Assert.Equal(example.ToEdgeSettings("").Cameras, again.ToEdgeSettings("").Cameras);
    }

    [Fact]
    public void An_export_is_a_part_of_a_configuration_file_and_names_deletions_beside_it()
    {
        var overlay = QuestionOverlay.Empty
            .With(new QuestionKey("gate", "open"), new OverlayEntry(Open))
            .With(new QuestionKey("yard", "dog"), OverlayEntry.Deletion);

        var export = OverlayExport.Of(overlay);

        Assert.Equal(["yard/dog"], export.Deleted);
        Assert.Equal("{\"MobileVlm\":{\"Cameras\":{\"gate\":{\"Questions\":{\"open\":" + Open + "}}}}}", export.Fragment.ToJsonString());
    }

    private void Store(params (string Camera, string Question, string? Definition)[] entries)
    {
        Directory.CreateDirectory(State);
        var overlay = entries.Aggregate(
            QuestionOverlay.Empty, (all, entry) => all.With(new QuestionKey(entry.Camera, entry.Question), new OverlayEntry(entry.Definition)));
        File.WriteAllBytes(OverlayFile, overlay.ToJson());
    }

    private EdgeConfiguration Read(string question = "", string more = "")
    {
        var json = JsonNode.Parse($$"""
            { "MobileVlm": {
              "StateFolder": "state",
              "Model": { "Path": "/models/a" },
              "Mqtt": { "Broker": "embedded" },
              "Cameras": { "gate": { "Source": "pattern:", "Questions": {
                "person": { "Ask": "Is there a person?", "Answer": "YesNo" {{question}} } {{more}} } } } } }
            """)!;
        return EdgeConfiguration.FromJson(json.ToJsonString(), _fixture.Sources);
    }
}
