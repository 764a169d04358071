using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class HistoryOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private static string History(string history, string more = "") => ConfigurationFixture.Small(more: $$""", "History": { {{history}} } {{more}}""");

    [Fact]
    public void Without_a_folder_nothing_is_stored()
    {
        Assert.Null(_fixture.Read(ConfigurationFixture.Small()).ToHistorySettings());
        var without = _fixture.Read(History("\"MaxDays\": 3"));
        Assert.Null(without.ToHistorySettings());
        Assert.Contains(without.Warnings, warning => warning.Key == "MobileVlm:History");
    }

    [Fact]
    public void Limits_are_megabytes_and_days()
    {
        var settings = _fixture.Read(History("\"Folder\": \"/data/history\", \"MaxMegabytes\": 100, \"MaxDays\": 3, \"MinFreeMegabytes\": 7")).ToHistorySettings()!;
        Assert.Equal(
            ("/data/history", 100_000_000, TimeSpan.FromDays(3), 7_000_000),
            (settings.Folder, settings.MaxBytes, settings.MaxAge, settings.MinFreeBytes));
    }

    [Theory]
    [InlineData("\"Folder\": \"/state/\"", "History:Folder", "a folder in it would be accepted")]
    [InlineData("\"Folder\": \"/data\", \"MaxMegabytes\": 15", "History:MaxMegabytes", "16")]
    [InlineData("\"Folder\": \"/data\", \"MaxDays\": 0", "History:MaxDays", "1")]
    public void A_wrong_history_is_an_error_of_its_key(string history, string key, string expected)
    {
        var error = _fixture.Error(History(history, ", \"StateFolder\": \"/state\""));
        Assert.Equal($"MobileVlm:{key}", error.Key);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clips_are_recorded_of_cameras_whose_stream_can_be_copied_and_the_others_are_named()
    {
        var all = Cameras("\"Folder\": \"/data\", \"Clips\": true, \"ClipAfter\": \"00:00:12\"");
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(12)), (all.ToClipSettings()!.Before, all.ToClipSettings()!.After));
        Assert.Equal((true, true, false, true), Recorded(all));
        var warning = Assert.Single(all.Warnings, warning => warning.Key == "MobileVlm:History:Clips");
        Assert.Contains("does not apply to file: ", warning.Message, StringComparison.Ordinal);
        Assert.Contains("rtsp://", warning.Message, StringComparison.Ordinal);
        warning = Assert.Single(all.Warnings, warning => warning.Key == "MobileVlm:Cameras:http:Clips");
        Assert.Contains("has no effect", warning.Message, StringComparison.Ordinal);
        Assert.Equal((false, false, false, true), Recorded(Cameras("\"Folder\": \"/data\"")));
        var without = Cameras("\"MaxDays\": 3");
        Assert.Equal((false, false, false, false), Recorded(without));
        Assert.Contains("History:Folder", Assert.Single(without.Warnings, warning => warning.Key == "MobileVlm:Cameras:http:Clips").Message, StringComparison.Ordinal);

        static (bool, bool, bool, bool) Recorded(EdgeConfiguration configuration) =>
            configuration.ToCameraSettings().ToDictionary(camera => camera.Id.Value, camera => camera.RecordsClips) is var of
                ? (of["rtsp"], of["file"], of["off"], of["http"])
                : default;
    }

    /// <summary>A stream, a file, a stream without clips and an HTTP address with clips.</summary>
    private EdgeConfiguration Cameras(string history) => _fixture.Read($$"""
        { "MobileVlm": { "Node": "t", "Model": { "Path": "/m" }, "Http": { "Listen": "127.0.0.1:0" }, "History": { {{history}} }, "Cameras": {
          "rtsp": { "Source": "rtsp://10.0.0.5/a" }, "file": { "Source": "/a.mp4" },
          "off": { "Source": "rtsp://10.0.0.5/b", "Clips": false }, "http": { "Source": "http://10.0.0.5/c", "Clips": true } } } }
        """);
}
