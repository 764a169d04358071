using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary><c>mobilevlm ask --check</c>: how well a question works.</summary>
public sealed class AskCheckTests : IDisposable
{
    private static readonly string Heldout = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_good_question_spreads_the_scores_and_bad_ones_are_warned_of()
    {
        for (var scene = 0; scene < 8; scene++)
        {
            File.Copy(Path.Combine(Heldout, $"scene00{scene}.jpg"), _folder[$"{scene}.jpg"]);
        }

        var check = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--check", "--image", _folder.Path, "--json",
            "Is there a person?", "Isn't the dog still barking?", "What color is the car?");
        Assert.Equal((0, ""), (check.ExitCode, check.Errors));
        using var document = JsonDocument.Parse(check.Output);
        var checks = document.RootElement.GetProperty("checks").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(0, 8).Select(scene => _folder[$"{scene}.jpg"]), checks[0].GetProperty("pictures").EnumerateArray().Select(it => it.GetProperty("image").GetString()));
        var spread = checks[0].GetProperty("spread");
        Assert.InRange(spread.GetProperty("min").GetDouble(), 0, 0.1);
        Assert.InRange(spread.GetProperty("median").GetDouble(), spread.GetProperty("min").GetDouble(), spread.GetProperty("max").GetDouble());
        Assert.InRange(spread.GetProperty("max").GetDouble(), 0.9, 1);
        Assert.InRange(checks[0].GetProperty("withoutPicture").GetProperty("score").GetDouble(), 0, 1);
        Assert.DoesNotContain(Warnings(checks[0]), kind => kind is "negation" or "time" or "sound" or "sameScores" or "otherAnswer");
        Assert.Equal(["negation", "time", "sound"], Warnings(checks[1])[..3]);
        Assert.Contains("otherAnswer", Warnings(checks[2]));
    }

    [Fact]
    public async Task The_text_lists_the_scores_from_low_to_high_and_names_pictures_that_cannot_be_read()
    {
        await File.WriteAllTextAsync(_folder["broken.jpg"], "no picture");
        File.Copy(Path.Combine(Heldout, "scene000.jpg"), _folder["scene.jpg"]);
        var check = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--check", "--image", _folder["broken.jpg"], "--image", _folder["scene.jpg"], "Is there no car?");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("broken.jpg", check.Errors, StringComparison.Ordinal);
        Assert.Contains("The picture is left out.", check.Errors, StringComparison.Ordinal);
        Assert.Matches(@"^Is there no car\?\n  score of 1 picture: [01]\.\d\d to [01]\.\d\d, median [01]\.\d\d\n  score without a picture: [01]\.\d\d\n    [01]\.\d{3}  (yes|no|unknown) ", check.Output);
        Assert.Contains("  warning: 'no': such models often overlook negations.", check.Output, StringComparison.Ordinal);
        Assert.All(check.Output.Split('\n').Where(line => !line.Contains(".jpg", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public async Task Several_pictures_are_for_the_check_only()
    {
        var scene = Path.Combine(Heldout, "scene000.jpg");
        var refused = await EdgeProcess.RunAsync("ask", "--model", DemoModel.Folder.FolderPath, "--image", scene, "--image", scene, "Is there a car?");
        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("--image is given 2 times", refused.Errors, StringComparison.Ordinal);
    }

    private static string[] Warnings(JsonElement check) =>
        [.. check.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetProperty("kind").GetString()!)];
}
