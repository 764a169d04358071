using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Actors.Http;

/// <summary>Reads the region and the masks of a question that came over HTTP.</summary>
internal static class AskRegions
{
    /// <summary>The part of the picture; null for all of it.</summary>
    /// <param name="region">Written as the configuration's <c>Region</c>; null for all.</param>
    /// <param name="masks">Written as the configuration's <c>Mask</c>.</param>
    /// <exception cref="HttpFailureException">One is not a polygon.</exception>
    public static FrameRegion? Of(string? region, IReadOnlyList<string> masks) => region is null && masks.Count == 0
        ? null
        : new FrameRegion(region is { } inside ? Polygon("region", inside) : null, [.. masks.Select(mask => Polygon("mask", mask))]);

    private static RegionPolygon Polygon(string parameter, string text)
    {
        try
        {
            return RegionPolygon.Parse(text);
        }
        catch (FormatException error)
        {
            throw HttpFailureException.Invalid(parameter, $"'{parameter}' {error.Message}");
        }
    }
}
