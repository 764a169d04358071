namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Scales RGB pictures down by averaging the area under each new pixel, so that nothing flickers or
/// vanishes between the rows that a sampling filter would pick.</summary>
internal static class PictureScaler
{
    /// <summary>The size with the same proportions that is at most <paramref name="maxWidth"/> wide.</summary>
    public static (int Width, int Height) Fit(int width, int height, int maxWidth) =>
        width <= maxWidth
            ? (width, height)
            : (maxWidth, Math.Max(1, (int)Math.Round((double)height * maxWidth / width)));

    /// <param name="source">[height, width, 3].</param>
    /// <param name="width">Width of the source.</param>
    /// <param name="height">Height of the source.</param>
    /// <param name="target">[newHeight, newWidth, 3].</param>
    /// <param name="newWidth">Not above <paramref name="width"/>.</param>
    /// <param name="newHeight">Not above <paramref name="height"/>.</param>
    public static void Shrink(
        ReadOnlySpan<byte> source, int width, int height, Span<byte> target, int newWidth, int newHeight)
    {
        var shrinker = new RowShrinker(width, height, newWidth, newHeight);
        for (var y = 0; y < height; y++)
        {
            var row = source.Slice(y * width * 3, width * 3);
            while (shrinker.Reaches(y)
                && shrinker.Add(y, row, 3, target.Slice(shrinker.Written * newWidth * 3, newWidth * 3)))
            {
            }
        }
    }
}
