using System.Text;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Http;

/// <summary>Playlists and videos behind HTTP addresses.</summary>
public sealed class HttpVideoTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("one.m3u8", "10", 30, null)]
    [InlineData("several.m3u8", "1", 75, null)]
    [InlineData("several.m3u8", "1", 75, "joe:geheim77")]
    public async Task A_recorded_playlist_is_played_from_its_first_picture_to_its_last(
        string name, string segment, int frames, string? login)
    {
        MakePlaylist(name, segment, frames);
        await using var camera = new HttpTestCamera(Serve);
        var seen = -1;
        var capture = new Capture(Capture.Settings(camera.Url($"/{name}", login)));
        var end = await capture.RunAsync(frame =>
        {
            seen = frame.Sequence == 5 ? CameraFiles.Processes("geheim77") : seen;
            return false;
        });
        Assert.Equal((CaptureEndKind.Lost, (long)frames), (end.Kind, end.Frames));
        Assert.Equal(0, seen);
        Assert.False(capture.Camera.IsLive);

        var file = new Capture(Capture.Settings(_files["whole.mp4"]));
        await file.RunAsync(_ => true);
        Assert.InRange(Difference(file.Frames.First(), capture.Frames.First()), 0, 8);
    }

    [Fact]
    public async Task A_live_playlist_is_played_while_it_grows()
    {
        MakePlaylist("all.m3u8", "1", 100);
        var lines = (await File.ReadAllLinesAsync(_files["all.m3u8"])).Where(line => line != "#EXT-X-ENDLIST").ToArray();
        var asked = 0;
        await using var camera = new HttpTestCamera(request => request.Path != "/live.m3u8"
            ? Serve(request)
            : request.AnswerAsync(
                "200 OK",
                Encoding.ASCII.GetBytes(string.Join(
                    '\n', Until(lines, Math.Min(4, 1 + Interlocked.Increment(ref asked)))) + "\n"),
                "Content-Type: application/vnd.apple.mpegurl"));
        var capture = new Capture(Capture.Settings(camera.Url("/live.m3u8")));
        var end = await capture.RunAsync(_ => capture.Frames.Count == 90);
        Assert.True(end.Kind == CaptureEndKind.Cancelled, end.ToString());
        Assert.True(capture.Camera.IsLive);
    }

    [Fact]
    public async Task A_playlist_opens_no_local_file()
    {
        _files.Clip("secret.ts", 25);
        await using var camera = new HttpTestCamera(request => request.AnswerAsync(
            "200 OK",
            Encoding.ASCII.GetBytes(
                $"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{_files["secret.ts"]}\n#EXT-X-ENDLIST\n"),
            "Content-Type: application/vnd.apple.mpegurl"));
        var end = await new Capture(Capture.Settings(camera.Url("/live.m3u8"))).RunAsync();
        Assert.Equal((CaptureEndKind.OpenFailed, 0), (end.Kind, end.Frames));
    }

    [Fact]
    public async Task A_video_file_behind_an_address_is_played()
    {
        _files.Clip("clip.ts", 50);
        await using var camera = new HttpTestCamera(Serve);
        var end = await new Capture(Capture.Settings(camera.Url("/clip.ts"))).RunAsync();
        Assert.Equal((CaptureEndKind.Lost, 50), (end.Kind, end.Frames));
    }

    private static double Difference(Seen one, Seen other) =>
        one.Pixels.Zip(other.Pixels, (a, b) => Math.Abs(a - b)).Average();

    /// <summary>The head of the list and so many segments.</summary>
    private static IEnumerable<string> Until(string[] lines, int segments)
    {
        var seen = 0;
        foreach (var line in lines)
        {
            yield return line;
            if (line.EndsWith(".ts", StringComparison.Ordinal) && ++seen == segments)
            {
                yield break;
            }
        }
    }

    private void MakePlaylist(string name, string segment, int frames)
    {
        CameraFiles.Ffmpeg("-i", _files.Clip("whole.mp4", frames), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
            "-f", "hls", "-hls_time", segment, "-hls_list_size", "0", _files[name]);
    }

    private async Task Serve(HttpTestRequest request)
    {
        var file = _files[request.Path.TrimStart('/')];
        await (File.Exists(file)
            ? request.AnswerAsync("200 OK", await File.ReadAllBytesAsync(file), "Content-Type: video/mp2t")
            : request.AnswerAsync("404 Not Found", []));
    }
}
