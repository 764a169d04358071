using System.Globalization;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>A point of a frame; 0,0 is the top left corner, 1,1 the bottom right one.</summary>
public readonly record struct RelativePoint(double X, double Y);

/// <summary>A shape on a frame, by its corners.</summary>
public sealed record RegionPolygon(EquatableList<RelativePoint> Corners)
{
    /// <summary>Syntax that <see cref="Parse"/> accepts, for messages.</summary>
    public const string Accepted = "three or more corners that are not on one line, each x,y of 0 to 1 ('0,0.5 1,0.5 1,1 0,1')";

    /// <summary>Corners as <c>x,y</c>, with spaces, semicolons or commas between them.</summary>
    /// <exception cref="FormatException">The text cannot be read; the message completes a sentence that begins with the text.</exception>
    public static RegionPolygon Parse(string text)
    {
        var numbers = text.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries)
            .Select(it => double.TryParse(it, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && number is >= 0 and <= 1
                    ? number
                    : throw Unreadable())
            .ToArray();
        if (numbers.Length < 6 || numbers.Length % 2 != 0)
        {
            throw Unreadable();
        }

        var polygon = new RegionPolygon(
            [.. numbers.Chunk(2).Select(corner => new RelativePoint(corner[0], corner[1]))]);
        return polygon.IsLine ? throw Unreadable() : polygon;
    }

    /// <summary>The corners as <see cref="Parse"/> reads them.</summary>
    public string ToText() =>
        string.Join(' ', Corners.Select(corner => string.Create(CultureInfo.InvariantCulture, $"{corner.X:R},{corner.Y:R}")));

    public double Left => Corners.Min(corner => corner.X);

    public double Right => Corners.Max(corner => corner.X);

    public double Top => Corners.Min(corner => corner.Y);

    public double Bottom => Corners.Max(corner => corner.Y);

    /// <summary>All corners lie on one line, so that there is nothing inside.</summary>
    private bool IsLine
    {
        get
        {
            var a = Corners[0];
            var b = Corners.MaxBy(corner => Square(corner.X - a.X) + Square(corner.Y - a.Y));
            return Corners.All(c => Math.Abs(((b.X - a.X) * (c.Y - a.Y)) - ((b.Y - a.Y) * (c.X - a.X))) < 1e-12);
        }
    }

    private static double Square(double value) => value * value;

    private static FormatException Unreadable() => new($"is not a polygon; {Accepted} would be accepted");
}

/// <summary>The part of a frame that questions are about. Questions about the same region share one encoding.</summary>
/// <param name="Inside">The frame is cropped to the bounding box of this shape, and pixels outside of the shape are painted over; null for the
/// whole frame.</param>
/// <param name="Masks">Painted over.</param>
public sealed record FrameRegion(RegionPolygon? Inside, EquatableList<RegionPolygon> Masks)
{
    private const string BeforeMask = " mask ";

    private const string WholeFrame = "all";

    /// <summary>Reads what <see cref="ToText"/> wrote.</summary>
    /// <exception cref="FormatException">The text cannot be read.</exception>
    public static FrameRegion Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(BeforeMask);
        return new FrameRegion(parts[0] == WholeFrame ? null : RegionPolygon.Parse(parts[0]), [.. parts.Skip(1).Select(RegionPolygon.Parse)]);
    }

    /// <summary>The region as text that is equal for equal regions: <c>0,0.5 1,0.5 1,1</c>, followed by the masks.</summary>
    public string ToText() => string.Join(BeforeMask, [Inside?.ToText() ?? WholeFrame, .. Masks.Select(mask => mask.ToText())]);
}
