using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Frames from a decoder in a separate process: a decoder that crashes or hangs does not affect the service,
/// and hardware decoding needs only arguments.</summary>
internal sealed partial class ChildProcessFeed(Func<CameraSettings, ChildCommand> command) : IFrameFeed
{
    /// <summary>A child that closed its output gets this long to exit by itself, and a killed one to be gone.</summary>
    private static readonly TimeSpan ExitTime = TimeSpan.FromMilliseconds(300);

    /// <summary>How long to read the error output of a child that has ended: on a busy device it may stay in the pipe for a while, and it
    /// is the only reason there is. Not used after a cancel.</summary>
    private static readonly TimeSpan ErrorOutputTime = TimeSpan.FromSeconds(3);

    public CaptureEnd Run(FeedAttempt attempt)
    {
        using var clips = attempt.Context.Clips is { } ring ? ClipSocket.TryListen(ring) : null;
        return Run(command(clips is null ? attempt.Settings : attempt.Settings with { ClipAddress = clips.Address }), attempt);
    }

    private static CaptureEnd Run(ChildCommand what, FeedAttempt attempt)
    {
        using var child = new Process { StartInfo = StartInfo(what) };
        try
        {
            child.Start();
        }
        catch (Win32Exception fault)
        {
            return attempt.End(
                CaptureEndKind.OpenFailed, $"'{what.Program}' could not be started ({fault.Message}): {what.Remedy}");
        }

        PipeBuffer.TryEnlarge(child.StandardOutput.BaseStream);
        var report = what.MarksAll is { } marksAll ? new FfmpegReport(attempt, marksAll, what.ReportsPackets) : null;
        var stderr = new StderrTail(child.StandardError, report);
        string? broken;
        try
        {
            using var stop = attempt.Stop.Register(() => Kill(child, attempt));
            broken = WriteInput(child, what.Input) ?? ReadFrames(child.StandardOutput.BaseStream, what, attempt, report);
            if (!attempt.Stop.IsCancellationRequested)
            {
                child.WaitForExit(ExitTime);
            }
        }
        finally
        {
            Kill(child, attempt);
            child.WaitForExit(ExitTime);
        }

        stderr.WaitForEnd(ErrorOutputTime, attempt.Stop);
        if (attempt.Frames == 0 && report is { RefusedPackets: true } && what.WithoutPackets is { } other
            && !attempt.Stop.IsCancellationRequested)
        {
            attempt.Context.Clips?.SetMissing("the camera does not announce the size of its frames, without which ffmpeg cannot copy the stream");
            return Run(other, attempt);
        }

        return End(attempt, what, broken, stderr.Read());
    }

    private static ProcessStartInfo StartInfo(ChildCommand what)
    {
        var start = new ProcessStartInfo(what.Program, what.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };

        // Errors are quoted in reasons and matched by people who search for them.
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["AV_LOG_FORCE_NOCOLOR"] = "1";
        start.Environment["GST_DEBUG_NO_COLOR"] = "1";
        return start;
    }

    /// <returns>Why it does not listen, or null.</returns>
    private static string? WriteInput(Process child, string? input)
    {
        if (input is null)
        {
            return null;
        }

        try
        {
            child.StandardInput.Write(input);
            child.StandardInput.Close();
            return null;
        }
        catch (IOException fault)
        {
            return fault.Message;
        }
    }

    /// <returns>What was wrong with the stream, or null when it ended between two frames.</returns>
    private static string? ReadFrames(
        Stream output, ChildCommand what, FeedAttempt attempt, FfmpegReport? report)
    {
        var sink = new ScaledDelivery(attempt, what.LimitsHere);
        try
        {
            var reader = new PpmReader(output);
            while (reader.TryReadHeader(out var width, out var height))
            {
                var skipped = 0;
                if (report?.IsUsable(out skipped) == false)
                {
                    reader.SkipPixels((long)width * height * 3);
                    attempt.PacketArrived();
                    continue;
                }

                attempt.PassOver(skipped);
                sink.Deliver(width, height, reader.ReadPixels);
            }

            return null;
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return fault.Message;
        }
    }

    private static CaptureEnd End(FeedAttempt attempt, ChildCommand what, string? fault, string stderr)
    {
        // A child that was killed wrote half a frame, which is not an error of the source.
        string?[] messages = attempt.Stop.IsCancellationRequested ? [stderr] : [fault, stderr];
        var reason = string.Join("; ", messages.Where(text => !string.IsNullOrEmpty(text)));
        var kind = attempt.Frames == 0 ? CaptureEndKind.OpenFailed
            : fault is null ? what.EndMeans
            : CaptureEndKind.Lost;
        if (reason.Length == 0 && !attempt.Stop.IsCancellationRequested)
        {
            // The exit code is of no use here: decoders end with 0 when the camera goes away.
            reason = attempt.Frames > 0 ? "it ended"
                : attempt.SawPackets ? "it ended before its first key frame came"
                : "it ended without having sent a picture";
        }

        return attempt.End(kind, DecoderErrors.Explain(reason));
    }

    private static void Kill(Process child, FeedAttempt attempt)
    {
        try
        {
            child.Kill(entireProcessTree: true);
        }
        catch (Exception fault) when (fault is Win32Exception or AggregateException or InvalidOperationException)
        {
            LogNotKilled(attempt.Context.Log, attempt.Settings.Id, fault);
        }
    }

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{Camera}: its decoder process could not be ended and is left behind.")]
    private static partial void LogNotKilled(ILogger log, CameraId camera, Exception fault);
}
