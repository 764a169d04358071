using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.EndToEnd.Tests.Watch;

namespace MobileVlm.Edge.EndToEnd.Tests.Scanning;

/// <summary><c>mobilevlm scan</c> as users call it, on the bundled clip.</summary>
public sealed class ScanCommandTests : IDisposable
{
    private static readonly Dictionary<string, string> Questions = new()
    {
        ["person"] = "Is there a person?",
        ["gate_open"] = "Is the gate open?",
        ["night"] = "Is it night?",
        ["dog"] = "Is there a dog?",
        ["package"] = "Is there a package?",
        ["smoke"] = "Is there smoke?",
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string[], string> Misuses => new()
    {
        { ["FOLDER/none.mp4"], "'FOLDER/none.mp4' does not exist" },
        { ["FOLDER"], "is a folder. Name the videos in it" },
        { ["SCENE"], "is a JPEG picture, not a video" },
        { ["rtsp://10.0.0.5/stream"], "is an address" },
        { [""], "VIDEO is empty" },
        { ["CLIP", "--every", "5"], "--every: '5' has no unit. Write '5s' for seconds" },
        { ["CLIP", "--every", "1ms"], "--every is 10ms to 1d." },
        { ["CLIP", "--from", "soon"], "--from: 'soon' is not a duration; '1s', '500ms'" },
        { ["CLIP", "--from", "20s", "--to", "00:00:10"], "--to 00:10 is not after --from 00:20." },
        { ["CLIP", "--gate", "high"], "--gate is 0 to 255, or 'off'." },
        { ["CLIP", "--region", "0,0 1,1"], "--region: '0,0 1,1' is not a polygon" },
        { ["CLIP", "--yes-above", "0.3", "--no-below", "0.4"], "--no-below 0.4 is above --yes-above 0.3" },
        { ["CLIP", "--answer", "Maybe"], "--answer is YesNo, Choice, Number or Text, not 'Maybe'." },
        { ["CLIP", "--answer", "Choice"], "1 question has '--answer Choice', and --choices is given 0 times" },
        { ["CLIP", "--choices", "a,b"], "--choices is for questions with '--answer Choice'." },
        { ["CLIP", "--ask", " "], "A question is empty" },
        { ["CLIP", "--json", "--csv"], "Give one of them" },
        { ["CLIP", "--html", "FOLDER/none/report.html"], "--html: FOLDER/none/report.html is a folder, or is in a folder that does not exist" },
        { ["CLIP", "--ffmpeg", "FOLDER/ffmpeg"], "Videos are decoded by ffmpeg" },
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_settled_second_of_the_clip_agrees_with_its_truth()
    {
        var scan = await RunAsync([DemoModel.Clip, .. Questions.Values.SelectMany(text => (string[])["--ask", text]), "--answer", "YesNo", "--every", "1s", "--json"]);
        Assert.Equal((0, ""), (scan.ExitCode, scan.Errors));
        using var document = JsonDocument.Parse(scan.Output);
        Assert.Equal(DemoModel.Clip, document.RootElement.GetProperty("video").GetString());
        Assert.False(document.RootElement.TryGetProperty("complete", out _));
        var frames = document.RootElement.GetProperty("frames").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(0, 64), frames.Select(frame => frame.GetProperty("t").GetInt32()));
        Assert.InRange(frames.Count(frame => frame.GetProperty("reused").GetBoolean()), 5, 40);

        using var truth = JsonDocument.Parse(File.ReadAllText(Path.Combine(DemoModel.Assets, "gate.truth.json")));
        var compared = 0;
        var wrong = new List<string>();
        foreach (var (second, frame) in truth.RootElement.EnumerateArray().Zip(frames))
        {
            Assert.Equal(second.GetProperty("t").GetInt32(), frame.GetProperty("t").GetInt32());
            var settled = second.GetProperty("settled").EnumerateArray().Select(key => key.GetString()).ToHashSet();
            foreach (var ((key, text), answer) in Questions.Zip(frame.GetProperty("answers").EnumerateArray()))
            {
                Assert.Equal(text, answer.GetProperty("question").GetString());
                if (settled.Contains(key))
                {
                    compared++;
                    var (value, score) = (answer.GetProperty("value").GetString(), answer.GetProperty("score").GetDouble());
                    Assert.Equal(score >= 0.5 ? "yes" : "no", value);
                    if (value != (second.GetProperty(key).GetBoolean() ? "yes" : "no"))
                    {
                        wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{key} at {frame.GetProperty("t")}: {value}, score {score:0.000}"));
                    }
                }
            }
        }

        Assert.InRange(compared, 330, 384);
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task One_video_that_cannot_be_read_does_not_keep_the_others_from_being_scanned()
    {
        var (second, cut, sound) = (_folder["second, \"quoted\" <b>.mkv"], _folder["cut.mkv"], _folder["sound.m4a"]);
        Ffmpeg("-t", "5", "-i", DemoModel.Clip, "-c", "copy", second);
        Ffmpeg("-i", DemoModel.Clip, "-c", "copy", _folder["whole.mkv"]);
        Ffmpeg("-f", "lavfi", "-i", "sine=duration=1", sound);
        File.WriteAllBytes(cut, File.ReadAllBytes(_folder["whole.mkv"])[..200_000]);
        string[] videos = [_folder["none.mp4"], second, cut, sound];
        var page = _folder["report.html"];

        var json = await RunAsync([.. videos, "--ask", "Is it night?", "--json", "--html", page]);
        Assert.Equal(1, json.ExitCode);
        Assert.Equal(3, json.Errors.Split("error:").Length - 1);
        using var document = JsonDocument.Parse(json.Output);
        Assert.Equal(videos, document.RootElement.EnumerateArray().Select(video => video.GetProperty("video").GetString()));
        Assert.Equal([false, null, false, false], document.RootElement.EnumerateArray().Select(video => video.TryGetProperty("complete", out var complete) ? complete.GetBoolean() : (bool?)null));
        var counts = document.RootElement.EnumerateArray().Select(video => video.GetProperty("frames").GetArrayLength()).ToList();
        Assert.Equal((0, 0), (counts[0], counts[3]));
        Assert.InRange(counts[1], 5, 6);
        Assert.InRange(counts[2], 20, 40);
        Assert.Contains("does not exist", document.RootElement[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("its end is missing or damaged", document.RootElement[2].GetProperty("error").GetString(), StringComparison.Ordinal);

        var html = File.ReadAllText(page);
        Assert.Contains("second, &quot;quoted&quot; &lt;b&gt;.mkv", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>.mkv", html, StringComparison.Ordinal);
        Assert.Equal(3, html.Split("Not complete.").Length - 1);

        var csv = await RunAsync([second, "--ask", "Is it \"night\", or day?", "--csv", "--every", "2500ms", "--min-mass", "0"]);
        Assert.Equal(0, csv.ExitCode);
        var quoted = second.Replace("\"", "\"\"", StringComparison.Ordinal);
        Assert.Matches(
            $"^video,t,reused,question,value,score,mass,reason\r?\n\"{System.Text.RegularExpressions.Regex.Escape(quoted)}\",0,false,\"Is it \"\"night\"\", or day\\?\",no,0[.0-9]*,[01][.0-9]*,\r?\n",
            csv.Output);
        Assert.Contains("\",2.5,", csv.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Questions_of_different_kinds_are_asked_together_about_a_part_of_the_video_and_of_the_picture()
    {
        var scan = await RunAsync(
        [
            DemoModel.Clip, "--ask", "Is there a person?", "--answer", "YesNo", "--ask", "What color is the car?", "--answer", "Choice", "--choices", "The car is white., The car is red.",
            "--ask", "How many people are there?", "--answer", "Number", "--ask", "Describe the scene.", "--answer", "Text", "--max-tokens", "64",
            "--from", "0:16", "--to", "18s", "--every", "500ms", "--gate", "off", "--region", "0,0 1,0 1,1 0,1", "--json",
        ]);
        Assert.Equal((0, ""), (scan.ExitCode, scan.Errors));
        using var document = JsonDocument.Parse(scan.Output);
        var frames = document.RootElement.GetProperty("frames").EnumerateArray().ToList();
        Assert.Equal([16, 16.5, 17, 17.5], frames.Select(frame => frame.GetProperty("t").GetDouble()));
        Assert.All(frames, frame =>
        {
            Assert.False(frame.GetProperty("reused").GetBoolean());
            var answers = frame.GetProperty("answers").EnumerateArray().ToList();
            Assert.Equal(["yes", "The car is white.", "1", "It is day and the gate is open. I can see one person and a white car."], answers.Select(answer => answer.GetProperty("value").GetString()));
            Assert.Equal(["The car is white.", "The car is red."], answers[1].GetProperty("scores").EnumerateObject().Select(score => score.Name));
            Assert.Equal(JsonValueKind.Null, answers[3].GetProperty("score").ValueKind);
        });
    }

    [Fact]
    public async Task The_text_lists_the_times_of_each_value_in_80_columns()
    {
        var text = await RunAsync([DemoModel.Clip, "--ask", "Is the gate open?", "--ask", "Describe the scene.", "--answer", "YesNo", "--answer", "Text", "--to", "30s"]);
        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        var lines = text.Output.TrimEnd().Split(Environment.NewLine);
        Assert.Matches(@"gate\.mp4: 00:00 – 00:30, every 1s, 30 samples \([0-9]+ reused\)$", lines[0]);
        Assert.Equal("Is the gate open?", lines[1]);
        Assert.Matches("^  00:00 – 00:1[5-7]  no   0.00( to 0.[0-4][0-9])?$", lines[2]);
        Assert.Matches("^  00:1[5-7] – 00:30  yes  ", lines[3]);
        Assert.Equal("Describe the scene.", lines[4]);
        Assert.Equal("  00:00 – 00:09  It is day and the gate is closed. The yard is empty.", lines[5]);
        Assert.All(lines[1..], line => Assert.InRange(line.Length, 1, 80));
    }

    [Theory]
    [MemberData(nameof(Misuses))]
    public async Task A_call_that_cannot_work_is_refused_before_the_model_is_opened(string[] arguments, string expected)
    {
        string Named(string text) => text
            .Replace("FOLDER", _folder.Path, StringComparison.Ordinal)
            .Replace("SCENE", Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg"), StringComparison.Ordinal)
            .Replace("CLIP", DemoModel.Clip, StringComparison.Ordinal);
        var refused = await RunAsync([.. arguments.Select(Named), .. arguments.Contains("--ask") ? (string[])[] : ["--ask", "Is it night?"]]);
        Assert.Equal((arguments.Contains("--ffmpeg") ? 1 : 2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains(Named(expected), refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_scan_with_what_it_has_and_a_terminal_shows_how_far_it_is()
    {
        var (video, page) = (_folder["long.mkv"], _folder["report.html"]);
        Ffmpeg("-stream_loop", "100", "-i", DemoModel.Clip, "-c", "copy", video);
        await using var terminal = Terminal.Start(
            100, 30, new Dictionary<string, string>(),
            "scan", video, "--model", DemoModel.Folder.FolderPath, "--ask", "Is the gate open?", "--gate", "off", "--html", page);
        await terminal.UntilAsync(
            screen => screen.Any(line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^ *long\.mkv [0-9:]+ .* [0-9]+% [0-9]{2}:[0-9]{2}:[0-9]{2}")), "a bar with the time left");
        terminal.Interrupt();
        var screen = await terminal.ShowsAsync("exit code 1");
        Assert.Contains(screen, line => line.Contains("stopped at ", StringComparison.Ordinal) && line.Contains("long.mkv", StringComparison.Ordinal));
        Assert.Contains(screen, line => line.StartsWith("Not complete", StringComparison.Ordinal));
        Assert.DoesNotContain(screen, line => line.Contains("   at ", StringComparison.Ordinal));
        Assert.Contains("Not complete.", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scan_that_is_terminated_writes_a_document_that_says_that_it_is_not_complete()
    {
        var video = _folder["long.mkv"];
        Ffmpeg("-stream_loop", "100", "-i", DemoModel.Clip, "-c", "copy", video);
        await using var scan = EdgeProcess.Start(
            "scan", video, _folder["never.mkv"], "--model", DemoModel.Folder.FolderPath, "--ask", "Is the gate open?", "--gate", "off", "--every", "100ms", "--json");
        await Eventually.TrueAsync(() => IsDecoding(video), "the video is decoded");
        scan.Terminate();
        Assert.Equal(1, await scan.ExitAsync());
        Assert.False(IsDecoding(video));
        using var document = JsonDocument.Parse(scan.Output);
        Assert.False(document.RootElement[0].GetProperty("complete").GetBoolean());
        Assert.Contains("stopped ", document.RootElement[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.InRange(document.RootElement[0].GetProperty("frames").GetArrayLength(), 0, 60_000);
    }

    [Fact]
    public async Task The_help_has_an_example()
    {
        var help = await EdgeProcess.RunAsync("scan", "--help");
        Assert.Contains("mobilevlm scan night.mp4 --model DIR --ask \"Is there a person?\" --html report.html", help.Output, StringComparison.Ordinal);
        var all = await EdgeProcess.RunAsync("--help");
        Assert.DoesNotContain("night.mp4", all.Output, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments) =>
        EdgeProcess.RunAsync(["scan", .. arguments, "--model", DemoModel.Folder.FolderPath]);

    private static bool IsDecoding(string video) => Directory.EnumerateDirectories("/proc")
        .Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0]))
        .Any(folder => CommandLine(folder) is var line && line.StartsWith("ffmpeg", StringComparison.Ordinal) && line.Contains(video, StringComparison.Ordinal));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            // It ended between the listing and the read.
            return "";
        }
    }

    private static void Ffmpeg(params string[] arguments)
    {
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-y", "-v", "error", .. arguments]) { RedirectStandardError = true })!;
        var errors = ffmpeg.StandardError.ReadToEnd();
        ffmpeg.WaitForExit();
        Assert.True(ffmpeg.ExitCode == 0, errors);
    }
}
