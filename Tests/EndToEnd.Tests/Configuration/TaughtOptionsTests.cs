using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Taught;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary><c>Taught</c> and <c>Answerer</c> of a question. A file that cannot be used is reported and changes nothing else.</summary>
public sealed class TaughtOptionsTests : IDisposable
{
    private const string Key = "MobileVlm:Cameras:gate:Questions:person:Taught";

    private readonly ConfigurationFixture _fixture = new();

    private string TaughtPath => Path.Combine(_fixture.Current, "person.taught");

    private string FilePath => Path.Combine(_fixture.Current, "appsettings.json");

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("", TaughtAnswerer.Model)]
    [InlineData(""", "Answerer": "taught" """, TaughtAnswerer.Taught)]
    [InlineData(""", "Answerer": "Cascade" """, TaughtAnswerer.Cascade)]
    public void A_file_beside_the_configuration_scores_its_question(string answerer, TaughtAnswerer expected)
    {
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        var configuration = Read($""", "Taught": "person.taught" {answerer}""");
        Assert.Empty(configuration.Warnings);
        Assert.Equal(expected, Scoring(configuration)!.Scorer!.Answerer);
        Assert.Contains("90 % correct", Assert.Single(TaughtChecks.Run(Read(""", "Taught": "person.taught" """))).Found, StringComparison.Ordinal);
        Assert.Null(Scoring(Read("")));
    }

    [Theory]
    [InlineData("absent", "it does not exist")]
    [InlineData("damaged", "it is not a file of 'mobilevlm teach'")]
    [InlineData("empty", "it is empty")]
    [InlineData("model", "the model was imported again")]
    [InlineData("text", "it was taught for the question 'Is it raining?")]
    [InlineData("suffix", "it was taught for the question")]
    [InlineData("region", "it was taught for the whole picture, this question is about the region 0,0.5 1,0.5 1,1 0,1")]
    [InlineData("choices", "it was taught for the choices []")]
    public void A_file_that_cannot_be_used_is_a_warning_and_the_models_own_score_counts(string what, string reason)
    {
        var taught = TaughtExample.Opposite();
        var question = """, "Taught": "person.taught" """;
        var answer = "YesNo";
        switch (what)
        {
            case "damaged": File.WriteAllText(TaughtPath, "{ \"v\": 1, "); break;
            case "empty": File.WriteAllText(TaughtPath, ""); break;
            case "model": TaughtFile.Write(TaughtPath, taught with { Model = taught.Model with { Files = "0" } }); break;
            case "text": TaughtFile.Write(TaughtPath, TaughtExample.Opposite("Is it raining?")); break;
            case "suffix": question += """, "Suffix": "Answer in one word." """; goto default;
            case "region": question += """, "Region": "0,0.5 1,0.5 1,1 0,1" """; goto default;
            case "choices": (answer, question) = ("Choice", question + """, "Choices": ["one", "two"] """); goto default;
            case "absent": break;
            default: TaughtFile.Write(TaughtPath, taught); break;
        }

        var configuration = Read(question, answer);
        var warning = Assert.Single(configuration.Warnings);
        Assert.Equal(Key, warning.Key);
        Assert.Contains(reason, warning.Message, StringComparison.Ordinal);
        Assert.EndsWith("The model's own score counts.", warning.Message, StringComparison.Ordinal);
        Assert.True(configuration.Taught.IsOwn(warning));
        var scoring = Scoring(configuration)!;
        Assert.Null(scoring.Scorer);
        Assert.Equal(warning.Message, scoring.Problem);
        var finding = Assert.Single(TaughtChecks.Run(configuration));
        Assert.Equal(FindingKind.Note, finding.Kind);
        Assert.Contains(reason, finding.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void The_model_that_is_open_counts_and_not_the_folder_on_the_disk()
    {
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        var configuration = Read(""", "Taught": "person.taught" """);
        var other = DemoModel.Folder.Manifest with { Name = "another" };
        Assert.Contains("this one is 'another'", configuration.ToEdgeSettings("another", other).Cameras[0].Questions[0].Taught!.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_hosts_of_a_cluster_score_with_the_model()
    {
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        var configuration = Read(""", "Taught": "person.taught" """, more: """, "Cluster": { "Nodes": ["127.0.0.1:4055"], "Listen": "127.0.0.1:4055" } """);
        Assert.Contains("cluster", Scoring(configuration)!.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "Answer": "Text", "Taught": "a" """, Key, "'YesNo' and 'Choice' only")]
    [InlineData(""" "Answer": "YesNo", "Answerer": "Taught" """, "MobileVlm:Cameras:gate:Questions:person:Answerer", "with Taught only")]
    [InlineData(""" "Answer": "YesNo", "Taught": "a", "Answerer": "encoder" """, "MobileVlm:Cameras:gate:Questions:person:Answerer", "'Model' or 'Taught' or 'Cascade'")]
    public void Settings_that_make_no_sense_are_refused_with_what_would_be_accepted(string question, string key, string remedy)
    {
        var error = Assert.Single(Assert.Throws<Deploy.Configuration.Binding.ConfigurationException>(() => _fixture.Read(Json(question))).Errors);
        Assert.Equal(key, error.Key);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_changed_on_the_disk_is_used_after_a_reload_and_an_equal_one_disturbs_nothing()
    {
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        File.WriteAllText(FilePath, Json(""" "Answer": "YesNo", "Taught": "person.taught" """));
        var before = EdgeConfiguration.Load(FilePath, _fixture.Sources);
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        Assert.True(ConfigurationChange.Between(before, EdgeConfiguration.Load(FilePath, _fixture.Sources, ConfigurationPurpose.Reload)).CamerasAreUnchanged);

        TaughtFile.Write(TaughtPath, TaughtExample.Opposite() with { Head = null });
        var change = ConfigurationChange.Between(before, EdgeConfiguration.Load(FilePath, _fixture.Sources, ConfigurationPurpose.Reload));
        Assert.Equal("gate", Assert.Single(change.QuestionsChanged).Value);
        Assert.Empty(change.Opened);
    }

    [Fact]
    public void A_question_is_taught_while_the_service_runs_and_goes_back_to_the_models_score()
    {
        var live = Live(out var changes);
        var state = Directory.CreateDirectory(Path.Combine(_fixture.Current, "state", "taught")).FullName;
        var file = Path.Combine(state, "1.json");
        TaughtFile.Write(file, TaughtExample.Opposite());
        Assert.Equal(file, live.UseTaught("gate", "PERSON", file, TaughtAnswerer.Taught)["Taught"]!.GetValue<string>());
        Assert.Equal(TaughtAnswerer.Taught, Scoring(live.Current)!.Scorer!.Answerer);

        // The same path with another content.
        TaughtFile.Write(file, TaughtExample.Opposite() with { Encoder = null });
        live.UseTaught("gate", "person", file);
        Assert.Null(Scoring(live.Current)!.Scorer!.Encoder);
        Assert.Equal(2, changes.Count(change => change.QuestionsChanged.Count == 1));

        // Another wording makes it invalid.
        live.Set("gate", "person", Encoding.UTF8.GetBytes($$"""{"Ask":"Is it raining?","Answer":"YesNo","Taught":{{JsonSerializer.Serialize(file)}}}"""));
        Assert.Contains("this one is 'Is it raining?", Scoring(live.Current)!.Problem, StringComparison.Ordinal);

        Assert.Null(live.UseTaught("gate", "person", null)["Taught"]);
        Assert.Null(Scoring(live.Current));
    }

    [Fact]
    public void A_file_elsewhere_cannot_be_named_over_HTTP()
    {
        var live = Live(out _);
        foreach (var path in (string[])["/etc/passwd", "../secret", "/no/such/file"])
        {
            var refused = Assert.Throws<HttpFailureException>(() => live.UseTaught("gate", "person", path));
            Assert.Contains("outside of the folders", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("exist", refused.Message, StringComparison.Ordinal);
        }

        Assert.Null(Scoring(live.Current));
    }

    [Fact]
    public void The_log_names_a_file_that_is_not_used_once_and_again_when_the_reason_changes()
    {
        var logger = new ListLogger<TaughtLog>();
        var log = new TaughtLog(logger);
        var missing = Read(""", "Taught": "person.taught" """);
        log.Report(missing.Taught.Uses(null));
        log.Report(Read(""", "Taught": "person.taught" """).Taught.Uses(null));
        File.WriteAllText(TaughtPath, "");
        log.Report(Read(""", "Taught": "person.taught" """).Taught.Uses(null));
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        log.Report(Read(""", "Taught": "person.taught" """).Taught.Uses(null));
        string[] lines = [.. logger.Messages];
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("gate/person was taught, but 'person.taught' is not used: it does not exist.", lines[0], StringComparison.Ordinal);
        Assert.Contains("it is empty", lines[1], StringComparison.Ordinal);
        Assert.StartsWith($"gate/person is scored by what was learned: {TaughtPath}", lines[2], StringComparison.Ordinal);
    }

    private static TaughtScoring? Scoring(EdgeConfiguration configuration) => configuration.ToEdgeSettings("m").Cameras[0].Questions[0].Taught;

    private EdgeConfiguration Read(string question, string answer = "YesNo", string more = "") => _fixture.Read(Json($""" "Answer": "{answer}" {question}""", more));

    private LiveConfiguration Live(out List<ConfigurationChange> changes)
    {
        File.WriteAllText(FilePath, Json(""" "Answer": "YesNo" """, """, "StateFolder": "state" """));
        var current = EdgeConfiguration.Load(FilePath, _fixture.Sources);
        var all = changes = [];
        return new LiveConfiguration(
            current,
            changed =>
            {
                all.Add(ConfigurationChange.Between(current, changed));
                current = changed;
                return all[^1];
            },
            NullLoggerFactory.Instance);
    }

    private static string Json(string question, string more = "") => $$"""
        { "MobileVlm": {
          "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
          "Mqtt": { "Broker": "embedded" },
          "Cameras": { "gate": { "Source": "pattern:", "Questions": {
            "person": { "Ask": "{{TaughtExample.Ask}}", {{question}} } } } }
          {{more}} } }
        """;
}
