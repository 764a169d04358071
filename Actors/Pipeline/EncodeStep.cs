using System.Buffers;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 1: pixels to visual tokens. A picture the encoder refuses ends its walk here; any other fault is
/// the engine's and fails the stream.</summary>
internal sealed partial class EncodeStep(
    ModelSessions engine, Func<Frame, byte[]> frameToJpeg, TimeProvider time, ILogger<EncodeStep> logger)
{
    private const int MostRegions = 256;

    // Whether nothing is left depends on the size of the frame, so no configuration can tell.
    private readonly Dictionary<(FrameRegion Region, int Width, int Height), bool> _emptyRegions = [];

    public Task<InFlightFrame> EncodeAsync(InFlightFrame walk)
    {
        walk.CaptureTime = time.GetElapsedTime(walk.Frame.CapturedTimestamp);
        return IsUnchanged(walk) ? Task.FromResult(walk) : engine.LookAsync(encoder => Encode(encoder, walk));
    }

    /// <summary>Does what was said about an earlier picture hold for this one, since the scene is the same?</summary>
    private bool IsUnchanged(InFlightFrame walk)
    {
        if (walk.Gate is not { } gate)
        {
            return false;
        }

        var started = time.GetTimestamp();
        walk.View = new SceneFingerprint(walk.Frame);
        walk.StillValid = gate.StillValid(walk.View, walk.Due);
        walk.GateTime = time.GetElapsedTime(started);
        if (walk.StillValid is null)
        {
            return false;
        }

        walk.Lane.Counters.Update(camera => camera.FramesGated++);
        return true;
    }

    private InFlightFrame Encode(IVisionEncoder encoder, InFlightFrame walk)
    {
        if (TryEncode(encoder, walk))
        {
            KeepStill(walk);
        }
        else
        {
            if (walk.TryCount())
            {
                walk.Lane.Counters.Update(camera => camera.FramesFailed++);
            }

            walk.Dispose();
        }

        return walk;
    }

    private bool TryEncode(IVisionEncoder encoder, InFlightFrame walk)
    {
        var frame = walk.Frame;
        var started = time.GetTimestamp();
        if (walk.Region is { } shape && IsEmpty(shape, frame))
        {
            walk.Unanswerable = new AnswerFailure(
                AnswerFailureKind.NothingVisible,
                new ArgumentException($"Region and Mask leave nothing of a frame of {frame.Width} x {frame.Height} pixels."));
            return true;
        }

        try
        {
            walk.Tokens = walk.Region is { } region
                ? EncodeRegion(encoder, frame, region)
                : encoder.Encode(new RgbImage(frame.Pixels, frame.Width, frame.Height));
            walk.EncodeTime = time.GetElapsedTime(started);
            walk.Moved();
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
            if (_emptyRegions.Count >= MostRegions)
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

    // After the look and beside the thinking: the still is this frame's, and no stage waits while it is made.
    private void KeepStill(InFlightFrame walk)
    {
        if (!walk.Lane.Plan.Snapshot || walk.Due.Count == 0)
        {
            walk.Frame.Dispose();
            return;
        }

        walk.Still = engine.StillAsync(() =>
        {
            try
            {
                return frameToJpeg(walk.Frame);
            }
            catch (Exception fault)
            {
                // An answer without its picture is worth more than neither.
                LogNoStill(fault, walk.Frame.Camera, walk.Frame.Sequence);
                return null;
            }
            finally
            {
                walk.Frame.Dispose();
            }
        });
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} cannot be encoded and is skipped: {Reason}")]
    private partial void LogBadFrame(CameraId camera, FrameSequence frame, string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} is answered, but its snapshot could not be made.")]
    private partial void LogNoStill(Exception fault, CameraId camera, FrameSequence frame);
}
