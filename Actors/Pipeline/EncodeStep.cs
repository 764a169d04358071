using System.Buffers;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
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
    private const int MaxRegions = 256;

    // Whether anything is left depends on the size of the frame, so it cannot be decided when configuration is read.
    private readonly Dictionary<(FrameRegion Region, int Width, int Height), bool> _emptyRegions = [];

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
            BeginSnapshot(frame);
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
        if (inFlight.Region is { } shape && IsEmpty(shape, frame))
        {
            inFlight.Unanswerable = new AnswerFailure(
                AnswerFailureKind.NothingVisible,
                new ArgumentException($"Region and Mask leave nothing of a frame of {frame.Width} x {frame.Height} pixels."));
            return true;
        }

        try
        {
            inFlight.Tokens = inFlight.Region is { } region
                ? EncodeRegion(encoder, frame, region)
                : encoder.Encode(new RgbImage(frame.Pixels, frame.Width, frame.Height));
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

    private bool IsEmpty(FrameRegion region, Frame frame)
    {
        var key = (region, frame.Width, frame.Height);
        if (!_emptyRegions.TryGetValue(key, out var isEmpty))
        {
            if (_emptyRegions.Count >= MaxRegions)
            {
                _emptyRegions.Clear();
            }

            isEmpty = RegionCrop.IsEmpty(region, frame.Width, frame.Height);
            _emptyRegions[key] = isEmpty;
        }

        return isEmpty;
    }

    private static VisualTokens EncodeRegion(IVisionEncoder encoder, Frame frame, FrameRegion region)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(frame.ByteCount);
        try
        {
            return encoder.Encode(RegionCrop.Cut(frame.Pixels, frame.Width, frame.Height, region, buffer));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // On its own thread while stage 2 runs: the snapshot shows this very frame, and no stage waits while it is encoded.
    private void BeginSnapshot(InFlightFrame frame)
    {
        if (!frame.Intake.Configuration.Snapshot || frame.DueQuestions.Count == 0)
        {
            if (!keepsPixels || frame.DueQuestions.Count == 0)
            {
                frame.Frame.Dispose();
            }

            return;
        }

        frame.Snapshot = sessions.SnapshotAsync(() =>
        {
            try
            {
                return frameToJpeg(frame.Frame);
            }
            catch (Exception fault)
            {
                // An answer without its snapshot is worth more than neither.
                LogNoSnapshot(fault, frame.Frame.Camera, frame.Frame.Sequence);
                return null;
            }
            finally
            {
                frame.Frame.Dispose();
            }
        });
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} cannot be encoded and is skipped: {Reason}")]
    private partial void LogBadFrame(CameraId camera, FrameSequence frame, string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} is answered, but its snapshot could not be made.")]
    private partial void LogNoSnapshot(Exception fault, CameraId camera, FrameSequence frame);
}
