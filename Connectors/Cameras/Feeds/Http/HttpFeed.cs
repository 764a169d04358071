using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>An HTTP address: an image that is fetched again and again, a stream of JPEG images, or a video or playlist, which
/// ffmpeg plays. The first answer decides.</summary>
internal sealed class HttpFeed : IFrameFeed
{
    /// <summary>Images per second that are fetched where MaxFrameRate is not set.</summary>
    internal const double UsualRate = 1;

    /// <summary>Cameras make single images slowly; faster is what streams are for.</summary>
    internal const double HighestRate = 25;

    private const int MaxPlaylistBytes = 1024 * 1024;

    /// <summary>Least time between a failed request and the next one.</summary>
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    public CaptureEnd Run(FeedAttempt attempt)
    {
        try
        {
            bool recorded;
            using (var client = new HttpCameraClient(attempt.Settings))
            {
                if (Open(client, attempt, out recorded) is { } end)
                {
                    return end;
                }
            }

            return Play(recorded, attempt);
        }
        catch (OperationCanceledException) when (attempt.Stop.IsCancellationRequested)
        {
            return attempt.Failed(attempt.Frames == 0 ? "it does not answer" : "");
        }
        catch (HttpRequestException fault) when (
            fault.HttpRequestError == HttpRequestError.InvalidResponse && attempt.Frames == 0)
        {
            // ffmpeg is less strict with headers.
            var end = Play(recorded: false, attempt);
            return end.Kind == CaptureEndKind.OpenFailed ? attempt.Failed($"{fault.Message} ffmpeg: {end.Reason}") : end;
        }
        catch (HttpRequestException fault)
        {
            return attempt.Failed(HttpCameraClient.Explain(fault));
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or FormatException)
        {
            return attempt.Failed(fault.Message);
        }
    }

    private static CaptureEnd Play(bool recorded, FeedAttempt attempt)
    {
        attempt.Context.IsLive = !recorded;
        attempt.ResetStallTimer();
        return new ChildProcessFeed(it => FfmpegCommand.HttpVideo(it, recorded)).Run(attempt);
    }

    /// <returns>The end, or null for a video, which ffmpeg opens once more.</returns>
    private static CaptureEnd? Open(HttpCameraClient client, FeedAttempt attempt, out bool recorded)
    {
        recorded = false;
        var pictures = new HttpImages(attempt);
        using (var answer = client.Get(attempt.Stop))
        {
            if (answer.Fault is { } fault)
            {
                return attempt.Failed(fault);
            }

            var head = answer.ReadHead(attempt.Stop);
            switch (HttpAnswers.Of(answer.Type, head))
            {
                case HttpAnswer.Parts:
                    attempt.Context.IsLive = true;
                    return Stream(answer, pictures, attempt);
                case HttpAnswer.Jpegs:
                    attempt.Context.IsLive = true;
                    if (Stream(answer, pictures, attempt) is var end && pictures.Seen > 1)
                    {
                        return end;
                    }

                    break;
                case HttpAnswer.Picture:
                    pictures.Show(answer.ReadAll(JpegSplitter.MaxBytes, attempt.Stop));
                    break;
                case HttpAnswer.Playlist:
                    recorded = answer.ReadAll(MaxPlaylistBytes, attempt.Stop).IndexOf("#EXT-X-ENDLIST"u8) >= 0;
                    return null;
                case HttpAnswer.Video:
                    recorded = answer.Length is not null;
                    return null;
                case HttpAnswer.Text:
                    return attempt.Failed(FileKind.Refuse(head));
                case HttpAnswer.Empty:
                    return attempt.Failed("its answer is empty");
                default:
                    throw new InvalidOperationException($"No case for what '{answer.Type}' is.");
            }
        }

        attempt.Context.IsLive = false;
        return attempt.Stop.IsCancellationRequested || pictures.Fault is not null
            ? attempt.Failed(pictures.Fault ?? "")
            : Poll(client, pictures, attempt);
    }

    private static CaptureEnd Stream(HttpCameraResponse answer, HttpImages pictures, FeedAttempt attempt)
    {
        using var splitter = new JpegSplitter(answer);
        while (splitter.Next(attempt.Stop) is { IsEmpty: false } picture)
        {
            pictures.ShowAtRate(picture);
        }

        return attempt.Failed(
            pictures.Fault is { } fault ? $"it ended; {fault}"
            : attempt.Frames > 0 ? "it ended"
            : "it ended without a whole JPEG picture");
    }

    private static CaptureEnd Poll(HttpCameraClient client, HttpImages pictures, FeedAttempt attempt)
    {
        var settings = attempt.Settings;
        var period = TimeSpan.FromSeconds(1 / Math.Min(settings.MaxFrameRate ?? UsualRate, HighestRate));
        var (due, shown) = (attempt.Elapsed, attempt.Elapsed);
        while (true)
        {
            // After a slow answer the next one is due one period later, not at once to catch up.
            due = Later(due + period, attempt.Elapsed);
            if (!attempt.Pause(due - attempt.Elapsed))
            {
                return attempt.Failed("");
            }

            if (Fetch(client, pictures, attempt) is not { } fault)
            {
                shown = attempt.Elapsed;
                continue;
            }

            // One answer that fails does not mean that the camera is gone.
            var silent = attempt.Elapsed - shown;
            if (silent >= settings.StallTimeout + period)
            {
                return attempt.End(CaptureEndKind.Stalled, string.Create(
                    CultureInfo.InvariantCulture, $"no picture for {silent.TotalSeconds:0.#} s (StallTimeout); the last answer: {fault}"));
            }

            due = Later(due, attempt.Elapsed + AfterFault - period);
        }
    }

    /// <returns>What went wrong, or null.</returns>
    private static string? Fetch(HttpCameraClient client, HttpImages pictures, FeedAttempt attempt)
    {
        try
        {
            using var answer = client.Get(attempt.Stop);
            if (answer.Fault is { } fault)
            {
                return fault;
            }

            pictures.Show(answer.ReadAll(JpegSplitter.MaxBytes, attempt.Stop));
            return pictures.Fault;
        }
        catch (HttpRequestException fault)
        {
            return HttpCameraClient.Explain(fault);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return fault.Message;
        }
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
