using System.Text.Json;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>What <c>mobilevlm ask</c> accepts as an image and as a question, and how it refuses anything else.</summary>
public sealed class AskImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-ask-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, string[], int, string[]> Refused => new()
    {
        { "FOLDER", ["Is there a car?"], 2, ["is a folder", "Give one image file"] },
        { "FOLDER/none.jpg", ["Is there a car?"], 2, ["does not exist", "Check the spelling"] },
        { "http://10.0.0.5/snapshot.jpg", ["Is there a car?"], 2, ["is an address", "curl -fLo image.jpg"] },
        { "RTSP://10.0.0.5/stream", ["Is there a car?"], 2, ["is an address"] },
        { "data:image/png;base64,iVBORw0KGgo=", ["Is there a car?"], 2, ["is an address"] },
        { "/dev/video9", ["Is there a car?"], 2, ["is a camera", "ffmpeg -f v4l2"] },
        { "", ["Is there a car?"], 2, ["--image is empty"] },
        { "FOLDER/a.jpg", [""], 2, ["A question is empty"] },
        { "FOLDER/a.jpg", ["Is there a car?", " \t\u00a0\u200b"], 2, ["A question is empty"] },
        { "FOLDER/a.jpg", ["FOLDER/a.jpg", "Is there a car?"], 2, ["is an image file where a question is expected", "once for each"] },
        { "FOLDER/a.jpg", ["--image", "FOLDER/a.jpg", "Is there a car?"], 2, ["--image"] },
        { "FOLDER/page.jpg", ["Is there a car?"], 1, ["a web page (HTML) with the title 'Log in'"] },
        { "FOLDER/empty.jpg", ["Is there a car?"], 1, ["the file is empty"] },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_request_that_cannot_be_answered_is_refused_with_a_remedy(string image, string[] rest, int code, string[] expected)
    {
        await File.WriteAllBytesAsync(Path.Combine(_folder, "a.jpg"), ImageCodec.EncodeJpeg(new byte[64 * 48 * 3], 64, 48));
        await File.WriteAllTextAsync(Path.Combine(_folder, "page.jpg"), "<html><head><title>Log in</title></head>");
        await File.WriteAllBytesAsync(Path.Combine(_folder, "empty.jpg"), []);
        string Named(string text) => text.Replace("FOLDER", _folder, StringComparison.Ordinal);

        var asked = await EdgeProcess.RunAsync(
            ["ask", "--model", DemoModel.Folder.FolderPath, "--image", Named(image), .. rest.Select(Named)]);
        Assert.Equal(code, asked.ExitCode);
        Assert.All(expected, text => Assert.Contains(text, asked.Errors, StringComparison.Ordinal));
        Assert.Empty(asked.Output);
        Assert.DoesNotContain("   at ", asked.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_can_be_read_from_a_pipe()
    {
        var image = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");
        string[] arguments = ["ask", "--model", DemoModel.Folder.FolderPath, "--yes-no", "--json", "Is there a package?"];
        var fromFile = await EdgeProcess.RunAsync([.. arguments, "--image", image]);
        var fromPipe = await EdgeProcess.PipeAsync(await File.ReadAllBytesAsync(image), [.. arguments, "--image", "-"]);
        Assert.Equal(0, fromPipe.ExitCode);
        Assert.Equal(Score(fromFile.Output), Score(fromPipe.Output), 6);
        var nothing = await EdgeProcess.PipeAsync([], [.. arguments, "--image", "-"]);
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("standard input: the file is empty", nothing.Errors, StringComparison.Ordinal);
    }

    private static double Score(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("answers")[0].GetProperty("score").GetDouble();
    }
}
