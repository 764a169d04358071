using System.Diagnostics.Metrics;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Tests.Images;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds;

public sealed class ImageFolderFeedTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Pictures_come_in_ordinal_order_and_other_files_do_not_matter()
    {
        _files.Picture("b.png", "40x32");
        _files.Picture("B.jpg", "48x32");
        _files.Picture("a.bmp", "56x32");
        await File.WriteAllTextAsync(_files["notes.txt"], "no picture");
        var capture = new Capture(Capture.Settings(_files.Folder));
        Assert.Equal($"{_files.Folder} (pictures)", capture.Camera.Description);
        Assert.Equal((CaptureEndKind.Finished, 3), ((await capture.RunAsync()).Kind, capture.Frames.Count));
        Assert.Equal([48, 56, 40], capture.Frames.Select(frame => frame.Width));
    }

    [Fact]
    public async Task A_corrupt_picture_is_skipped_counted_and_logged_once()
    {
        _files.Picture("a.png");
        _files.Picture("c.png");
        await File.WriteAllBytesAsync(_files["b.png"], (await File.ReadAllBytesAsync(_files["a.png"]))[..200]);
        var capture = new Capture(Capture.Settings(_files.Folder) with { Id = new CameraId("corrupt"), Loop = true });
        var unreadable = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, meters) =>
            {
                if (instrument.Name == "mobilevlm.camera.pictures.unreadable")
                {
                    meters.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            unreadable += tags[0].Value is "corrupt" ? value : 0);
        listener.Start();
        Assert.Equal(CaptureEndKind.Cancelled, (await capture.RunAsync(frame => frame.Sequence == 4)).Kind);
        Assert.Equal(2, unreadable);
        Assert.Single(capture.Log.ToString().Split('\n'), line => line.Contains("b.png", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_folder_shows_gif_and_reports_what_it_cannot_show()
    {
        _files.Picture("a.gif", "40x32");
        await File.WriteAllBytesAsync(_files["b.HEIC"], PictureFiles.Heic);
        _files.Picture("c.tif");
        var capture = new Capture(Capture.Settings(_files.Folder));
        Assert.Equal((CaptureEndKind.Finished, 1), ((await capture.RunAsync()).Kind, capture.Frames.Count));
        Assert.Contains("HEIC pictures are not supported", capture.Log.ToString(), StringComparison.Ordinal);
        Assert.Contains("TIFF pictures are not supported", capture.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_wider_than_the_camera_allows_is_scaled_by_the_codec()
    {
        var capture = new Capture(Capture.Settings(_files.Picture("a.jpg", "640x480")) with { MaxWidth = 100 });
        await capture.RunAsync();
        Assert.Equal((100, 75), (capture.Frames.Single().Width, capture.Frames.Single().Height));
    }

    [Fact]
    public async Task A_folder_without_a_readable_picture_fails_to_open()
    {
        var empty = await new Capture(Capture.Settings(_files.Folder) with { Loop = true }).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, empty.Kind);
        await File.WriteAllTextAsync(_files["a.jpg"], "no picture");
        var corrupt = await new Capture(Capture.Settings(_files.Folder) with { Loop = true }).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, corrupt.Kind);
        Assert.Contains("none of its 1 pictures", corrupt.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, null, 1.0)]
    [InlineData(1, 5.0, 0.4)]
    public async Task The_real_pace_is_one_per_second_unless_set(double speed, double? rate, double seconds)
    {
        foreach (var name in new[] { "a.png", "b.png", "c.png" })
        {
            _files.Picture(name);
        }

        var capture = new Capture(Capture.Settings(_files.Folder) with
        {
            Pace = Pace.Real,
            Speed = speed,
            MaxFrameRate = rate,
            StallTimeout = TimeSpan.FromSeconds(0.2),
        });
        Assert.Equal(3, (await capture.RunAsync()).Frames);
        var frames = capture.Frames.ToArray();
        Assert.InRange((frames[^1].At - frames[0].At).TotalSeconds, seconds - 0.1, seconds + 1);
    }

    [Fact]
    public async Task A_single_picture_file_is_a_folder_of_one()
    {
        var capture = new Capture(Capture.Settings(_files.Picture("a.png")) with { MaxWidth = 32 });
        Assert.Equal((CaptureEndKind.Finished, 1), ((await capture.RunAsync()).Kind, capture.Frames.Count));
        Assert.Equal((32, 24), (capture.Frames.Single().Width, capture.Frames.Single().Height));
    }
}
