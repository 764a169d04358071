using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 1: pixels to visual tokens. A frame that the encoder refuses is skipped and counted; any other exception
/// is a failure of the engine and fails the stream.</summary>
/// <param name="sessions">The encoder and the threads.</param>
/// <param name="frameToJpeg">Makes snapshots.</param>
/// <param name="keepsPixels">A frame without a snapshot keeps its pixels until it is answered, because the history may need one then.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs frames that cannot be used.</param>
internal sealed partial class EncodeStep(
    ModelSessions sessions, Func<Frame, byte[]> frameToJpeg, bool keepsPixels, TimeProvider time, ILogger<EncodeStep> logger)
{
    private readonly RegionPixels _regions = new();
    private readonly SnapshotStep _snapshots = new(work => sessions.SnapshotAsync(work), frameToJpeg, keepsPixels, logger);

    /// <summary>Encodes the frame, unless earlier answers are reused. The pixels are released after the snapshot.</summary>
    public Task<InFlightFrame> EncodeAsync(InFlightFrame frame) => frame.ReusableAnswers is null
        ? sessions.EncodeAsync(encoder => Encode(encoder, frame))
        : Task.FromResult(frame);

    private InFlightFrame Encode(IVisionEncoder encoder, InFlightFrame frame)
    {
        if (frame.IsWithdrawn)
        {
            if (frame.TryMarkCounted())
            {
                frame.Intake.Counters.Update(camera => camera.FramesIdle++);
            }

            frame.Dispose();
        }
        else if (TryEncode(encoder, frame))
        {
            _snapshots.Begin(frame);
        }
        else
        {
            if (frame.TryMarkCounted())
            {
                frame.Intake.Counters.Update(camera => camera.FramesFailed++);
            }

            frame.Dispose();
        }

        return frame;
    }

    private bool TryEncode(IVisionEncoder encoder, InFlightFrame inFlight)
    {
        var frame = inFlight.Frame;
        var started = time.GetTimestamp();
        if (_regions.FindNothingVisible(inFlight) is { } failure)
        {
            inFlight.Unanswerable = failure;
            return true;
        }

        try
        {
            inFlight.Tokens = RegionPixels.Read(inFlight, encoder.Encode);
            inFlight.EncodeTime = time.GetElapsedTime(started);
            inFlight.ReportProgress();
            return true;
        }
        catch (ArgumentException fault)
        {
            LogBadFrame(frame.Camera, frame.Sequence, fault.Message);
            return false;
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} cannot be encoded and is skipped: {Reason}")]
    private partial void LogBadFrame(CameraId camera, FrameSequence frame, string reason);

    /// <summary>Logs that a frame has no snapshot.</summary>
    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} is answered, but its snapshot could not be made.")]
    internal static partial void LogNoSnapshot(ILogger logger, Exception fault, CameraId camera, FrameSequence frame);
}
