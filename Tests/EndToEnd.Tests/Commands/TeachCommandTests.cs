using System.Text.Json;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary><c>mobilevlm teach</c> and <c>ask --taught</c> on the demo's model and its held-out scenes, with questions that the model was
/// not trained on.</summary>
public sealed class TeachCommandTests : IDisposable
{
    private static readonly string Scenes = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout");

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-teach-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_question_is_taught_tested_and_asked()
    {
        var asked = TeachTable.Cases[0];
        var scenes = HeldOutScene.Load().ToLookup(scene => asked.IsYes(scene.Questions[^1].Answer), scene => scene.Image);
        Copy("yes", scenes[true].Take(12));
        Copy("no", scenes[false].Take(12));
        Copy("test-yes", scenes[true].Skip(12).Take(15));
        Copy("test-no", scenes[false].Skip(12).Take(15));
        File.WriteAllText(Path.Combine(_folder, "no", "broken.jpg"), "no picture");
        var file = Path.Combine(_folder, "people.taught");

        var run = await EdgeProcess.RunAsync([
            .. Teach(asked.Text), "--test-yes", At("test-yes"), "--test-no", At("test-no"), "--out", file, "--json"]);
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Contains("Skipped", run.Errors, StringComparison.Ordinal);
        Assert.Contains("broken.jpg", run.Errors, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(run.Output);
        var root = document.RootElement;
        Assert.Equal((12, 12), (root.GetProperty("labels").GetProperty("yes").GetInt32(), root.GetProperty("labels").GetProperty("no").GetInt32()));
        Assert.Equal("head", root.GetProperty("chosen").GetString());
        Assert.Contains("plain", root.GetProperty("candidates").EnumerateArray().Select(it => it.GetProperty("feature").GetString()));
        var (low, high) = (root.GetProperty("estimate").GetProperty("low").GetDouble(), root.GetProperty("estimate").GetProperty("high").GetDouble());
        Assert.True(low < high && high <= 1);
        var test = root.GetProperty("test");
        Assert.True(test.GetProperty("chosen").GetProperty("accuracy").GetDouble() > test.GetProperty("plain").GetProperty("accuracy").GetDouble() + 0.2);

        // Readable, at most 80 columns without the paths.
        var text = await EdgeProcess.RunAsync(Teach(asked.Text));
        Assert.Contains("a head on the model's hidden states", text.Output, StringComparison.Ordinal);
        Assert.All(text.Output.Split('\n').Where(line => !line.Contains(_folder, StringComparison.Ordinal)), line => Assert.True(line.Length <= 80, line));

        // The result is used, and the encoder alone answers without it.
        var image = Path.Combine(Scenes, scenes[true].Skip(30).First());
        foreach (var (answerer, sources) in ((string, string[])[])[("model", ["head"]), ("taught", ["encoder"]), ("cascade", ["encoder", "head"])])
        {
            var ask = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", image, "--taught", file, "--answerer", answerer, "--json", asked.Text);
            Assert.True(ask.ExitCode == 0, ask.Errors);
            using var answers = JsonDocument.Parse(ask.Output);
            var answer = answers.RootElement.GetProperty("answers")[0];
            Assert.Contains(answer.GetProperty("scoredBy").GetString(), sources);
            Assert.InRange(answer.GetProperty("score").GetDouble(), 0, 1);
        }

        var other = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", image, "--taught", file, "Is there a dog?");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains($"was taught for the question '{asked.Text}'", other.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_few_labels_are_refused_and_nothing_is_written()
    {
        var scenes = HeldOutScene.Load().Select(scene => scene.Image).ToList();
        Copy("yes", scenes.Take(4));
        Copy("no", scenes.Skip(4).Take(3));
        File.WriteAllText(Path.Combine(_folder, "no", "broken.jpg"), "no picture");
        var file = Path.Combine(_folder, "few.taught");
        var run = await EdgeProcess.RunAsync([.. Teach("Is it so?"), "--out", file]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("not enough labels", run.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task A_model_without_hidden_states_has_to_be_imported_again()
    {
        var scenes = HeldOutScene.Load().Select(scene => scene.Image).ToList();
        Copy("yes", scenes.Take(4));
        Copy("no", scenes.Skip(4).Take(4));
        var old = Path.Combine(DemoModel.Repository, "Tests", "Fixtures", "0.1.0", "models", "demo-int4-prefill");
        var run = await EdgeProcess.RunAsync("teach", "--model", old, "--ask", "Is it so?", "--yes", At("yes"), "--no", At("no"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Import the model again for teach", run.Errors, StringComparison.Ordinal);
    }

    /// <summary>Which feature serves depends on the question: the answer position alone is enough for one of the two.</summary>
    [Theory]
    [InlineData(0, 0.92, true)]
    [InlineData(1, 0.88, false)]
    public void Sixteen_labels_of_each_answer_teach_to_count_and_the_answer_position_alone_does_not(
        int question, double wanted, bool isAnswerPositionEnough)
    {
        var samples = TeachTable.Samples(DemoModel.Folder, TeachTable.Cases[question]);
        Assert.InRange(TeachTable.Draw(samples, 16, 8).Average(draw => draw.Accuracy), wanted, 1);
        Assert.Equal(isAnswerPositionEnough, TeachTable.Draw(samples, 16, 8, FeatureKinds.LastAnswer).Average(draw => draw.Accuracy) >= wanted);
    }

    private string At(string folder) => Path.Combine(_folder, folder);

    private string[] Teach(string question) =>
        ["teach", "--model", DemoModel.Folder.FolderPath, "--ask", question, "--yes", At("yes"), "--no", At("no")];

    private void Copy(string folder, IEnumerable<string> scenes)
    {
        Directory.CreateDirectory(At(folder));
        foreach (var scene in scenes)
        {
            File.Copy(Path.Combine(Scenes, scene), Path.Combine(At(folder), scene));
        }
    }
}
