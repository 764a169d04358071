using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Reads the part of a frame that its questions are about. One caller at a time.</summary>
internal sealed class RegionPixels
{
    private const int MaxRegions = 256;

    // Whether anything is left depends on the size of the frame, so it cannot be decided when configuration is read.
    private readonly Dictionary<(FrameRegion Region, int Width, int Height), bool> _emptyRegions = [];

    /// <summary>Why nothing can be asked about the frame, because its region and masks leave nothing of it; null where something is
    /// left.</summary>
    public AnswerFailure? FindNothingVisible(InFlightFrame inFlight)
    {
        var frame = inFlight.Frame;
        return inFlight.Region is { } region && IsEmpty(region, frame)
            ? new AnswerFailure(
                AnswerFailureKind.NothingVisible,
                new ArgumentException($"Region and Mask leave nothing of a frame of {frame.Width} x {frame.Height} pixels."))
            : null;
    }

    /// <summary>Passes the pixels to a reader, which must not keep them.</summary>
    public static T Read<T>(InFlightFrame inFlight, Func<RgbImage, T> read) => RegionCrop.Read(inFlight.Frame, inFlight.Region, read);

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
}
