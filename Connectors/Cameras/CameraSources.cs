using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Http;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Makes camera sources from settings.</summary>
public static class CameraSources
{
    /// <summary>Says whether a source string is well formed, without opening anything: a file or device may appear
    /// later.</summary>
    /// <returns>Null, or the fault in words with what would be accepted; passwords are masked.</returns>
    public static string? FindFault(string? source)
    {
        try
        {
            SourceAddress.Parse(source);
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>The source that <see cref="CameraSettings.Source"/> names. Opens nothing: what is missing or cannot be
    /// read comes as <see cref="CaptureEndKind.OpenFailed"/> from each attempt, as does a malformed source.</summary>
    /// <param name="settings">Validated where configuration is read.</param>
    /// <param name="pool">Lends the memory of the frames.</param>
    /// <param name="time">Stamps frames, keeps the pace of files and watches over silence.</param>
    /// <param name="log">Gets what happens to the camera, without passwords.</param>
    public static ICameraSource Create(CameraSettings settings, FramePool pool, TimeProvider time, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(log);
        SourceAddress address;
        try
        {
            address = SourceAddress.Parse(settings.Source);
        }
        catch (FormatException fault)
        {
            var faulty = new CameraContext(settings, isLive: false, pool, time, log);
            return new Camera(faulty, $"{faulty.Secrets.Apply(settings.Source)} (not well formed)", new FailingFeed(fault.Message));
        }

        // Feeds are given the address as their decoder understands it.
        var (feed, by) = Choose(settings, address);
        var context = new CameraContext(AsDecoded(settings, address), address.IsLive, pool, time, log);
        return new Camera(context, $"{context.Secrets.Apply(settings.Source)} ({by})", feed);
    }

    /// <summary>The feed for a stream that a camera named, with the settings to run it with.</summary>
    /// <param name="settings">Their source came from the camera and is not trusted: network streams only.</param>
    /// <exception cref="FormatException">The address is of another kind, or not well formed.</exception>
    internal static (CameraSettings Settings, IFrameFeed Feed) OpenStream(CameraSettings settings)
    {
        var address = SourceAddress.Parse(settings.Source);
        return address is SourceAddress.Stream { Kind: StreamKind.Rtsp } or SourceAddress.Http
            ? (AsDecoded(settings, address), Choose(settings, address).Feed)
            : throw new FormatException($"'{SecretMask.Patterns(settings.Source)}' is not the address of a stream.");
    }

    private static CameraSettings AsDecoded(CameraSettings settings, SourceAddress address) => address switch
    {
        SourceAddress.Stream stream => settings with
        {
            Source = stream.Address,
            RtspTransport = stream.Transport ?? settings.RtspTransport,
        },
        SourceAddress.Local local => settings with { Source = local.Path },
        _ => settings,
    };

    private static (IFrameFeed Feed, string By) Choose(CameraSettings settings, SourceAddress address)
    {
        var openCv = OpenCvLibrary.IsAvailable;
        return address switch
        {
            SourceAddress.Stream stream =>
                (new ChildProcessFeed(it => FfmpegCommand.Stream(it, stream.Kind)), "ffmpeg"),
            SourceAddress.Http => (new HttpFeed(), "HTTP"),
            SourceAddress.Onvif camera => (new OnvifFeed(camera.Address), "ONVIF"),
            SourceAddress.GStreamer line =>
                (new ChildProcessFeed(it => GstCommand.Pipeline(it, line.Words)), "gst-launch"),
            SourceAddress.Pattern pattern => (new TestPatternFeed(pattern), "test pattern"),
            SourceAddress.Device => (new DeviceFeed(openCv), openCv ? "OpenCV" : "ffmpeg"),
            SourceAddress.Local local => (
                new LocalFeed(openCv),
                ImageFolderFeed.Shows(local.Path) ? "pictures" : openCv ? "OpenCV" : "ffmpeg"),
            _ => throw new ArgumentOutOfRangeException(nameof(settings), address, null),
        };
    }
}
