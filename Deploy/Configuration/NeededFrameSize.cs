using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>The frame size that a camera's questions need, by the smallest of their regions: the encoder scales a region, or the whole
/// frame, to <c>imageSize</c> pixels along its longer side.</summary>
/// <param name="regions">Of the questions, at least one; null for the whole frame.</param>
/// <param name="imageSize">Side of the vision encoder's input, in pixels.</param>
internal sealed class NeededFrameSize(IReadOnlyList<RegionPolygon?> regions, int imageSize)
{
    /// <summary>Frames are scaled to this many times the encoder's pixels, so that the encoder's own antialiased scaling still has
    /// several pixels for each of its own.</summary>
    private const int Oversampling = 2;

    /// <summary>Frames for a model with a smaller input, as the demo's, are not scaled below what the published models need: people look
    /// at snapshots.</summary>
    private const int SmallestImageSize = 336;

    /// <summary>Width of most cameras' frames by their height. Of a narrower frame (4:3, upright) a tall region gets more pixels than it
    /// needs; of a panorama up to 32:9 still the encoder's.</summary>
    private const double UsualAspect = 16.0 / 9;

    /// <param name="camera">The camera and its questions.</param>
    /// <param name="imageSize">Side of the vision encoder's input, in pixels.</param>
    public NeededFrameSize(CameraOptions camera, int imageSize)
        : this([.. camera.Questions.Values.Select(question => question.Region is { } region ? RegionPolygon.Parse(region) : null).DefaultIfEmpty(null)], imageSize)
    {
    }

    /// <summary>Height, in pixels: a region of half the frame's height and width needs a frame of twice the height.</summary>
    public int Height => regions
        .Select(region => region is null ? 1 : Math.Max(region.Right - region.Left, region.Bottom - region.Top))
        .Max(part => (int)Math.Ceiling(imageSize / part));

    /// <summary>Width above which more pixels change nothing, in pixels, even; null where that is more than any frame has.</summary>
    public int? MaxWidth => regions.Max(Width) is var width && width < FramePool.MaxSide ? 2 * (int)Math.Ceiling(width / 2) : null;

    private double Width(RegionPolygon? region)
    {
        var wanted = (double)Oversampling * Math.Max(imageSize, SmallestImageSize);
        return region is null
            ? wanted
            : Math.Min(wanted / (region.Right - region.Left), wanted * UsualAspect / (region.Bottom - region.Top));
    }
}
