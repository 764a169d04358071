using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>A folder of images in ordinal order of their names, one per second unless a rate is set; or one image
/// file. The folder is listed again for each pass, so images may come and go.</summary>
internal sealed partial class ImageFolderFeed : IFrameFeed
{
    /// <summary>Whether the path is, now, a folder or an image file. A GIF file alone is a video, because it may be
    /// animated; TIFF and others are left to ffmpeg.</summary>
    public static bool Shows(string path) => Directory.Exists(path)
        || (File.Exists(path) && Is(path, ImageCodec.Extensions) && !Is(path, [".gif"]));

    /// <summary>Also what will be refused: the reason in the log is the only thing that its owner gets to see.</summary>
    private static bool IsListed(string path) =>
        Is(path, ImageCodec.Extensions) || Is(path, ImageCodec.UnsupportedExtensions);

    private static bool Is(string path, IReadOnlyList<string> extensions) =>
        extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    public CaptureEnd Run(FeedAttempt attempt)
    {
        var settings = attempt.Settings;
        var due = attempt.Elapsed;
        var warned = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            do
            {
                var before = attempt.Frames;
                var files = List(settings.Source);
                foreach (var file in files)
                {
                    if (settings.Pace == Pace.Real && !attempt.Pause(due - attempt.Elapsed))
                    {
                        break;
                    }

                    if (Show(file, attempt, warned) is { } frame)
                    {
                        attempt.Deliver(frame);
                        due = Later(due, attempt.Elapsed - Period(settings)) + Period(settings);
                    }

                    attempt.ResetStallTimer();
                    if (attempt.Stop.IsCancellationRequested)
                    {
                        break;
                    }
                }

                if (attempt.Frames == before && !attempt.Stop.IsCancellationRequested)
                {
                    return Failed(
                        attempt, $"none of its {files.Count} pictures ({string.Join(' ', ImageCodec.Extensions)}) could be read");
                }
            }
            while (settings.Loop && !attempt.Stop.IsCancellationRequested);
            return attempt.End(CaptureEndKind.Finished, "shown to its end");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Failed(attempt, fault.Message);
        }
    }

    private static CaptureEnd Failed(FeedAttempt attempt, string reason) =>
        attempt.End(attempt.Frames == 0 ? CaptureEndKind.OpenFailed : CaptureEndKind.Lost, reason);

    private static List<string> List(string path) => File.Exists(path)
        ? [path]
        : [.. Directory.EnumerateFiles(path).Where(IsListed).Order(StringComparer.Ordinal)];

    private static TimeSpan Period(CameraSettings settings) =>
        TimeSpan.FromSeconds(settings.MaxFrameRate is { } rate ? 1 / rate : 1 / settings.Speed);

    /// <summary>The later of two times: after a slow image the next one is due one period later, not at once to catch up.</summary>
    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static Frame? Show(string file, FeedAttempt attempt, HashSet<string> warned)
    {
        Frame? frame = null;
        try
        {
            var limits = PictureLimits.Local with
            {
                MaxWidth = attempt.Settings.MaxWidth ?? FramePool.MaxSide,
                MaxHeight = FramePool.MaxSide,
            };
            ImageCodec.Read(file, limits, (width, height) => (frame = attempt.Rent(width, height)).Pixels);
            return frame;
        }
        catch (Exception fault) when (fault is ImageFileException or IOException or UnauthorizedAccessException
            or InvalidDataException)
        {
            frame?.Dispose();
            CameraMetrics.PicturesUnreadable.Add(1, CameraMetrics.Tag(attempt.Settings.Id));
            if (warned.Add(file))
            {
                LogSkipped(attempt.Context.Log, attempt.Settings.Id, fault.Message);
            }

            return null;
        }
    }

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "{Camera}: a picture is skipped: {Reason}")]
    private static partial void LogSkipped(ILogger log, CameraId camera, string reason);
}
