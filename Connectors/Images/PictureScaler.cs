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
    /// <param name="width">Of the source.</param>
    /// <param name="height">Of the source.</param>
    /// <param name="target">[newHeight, newWidth, 3].</param>
    /// <param name="newWidth">Not above <paramref name="width"/>.</param>
    /// <param name="newHeight">Not above <paramref name="height"/>.</param>
    public static void Shrink(
        ReadOnlySpan<byte> source, int width, int height, Span<byte> target, int newWidth, int newHeight)
    {
        var row = new float[width * 3];
        var (stepX, stepY) = ((float)width / newWidth, (float)height / newHeight);
        for (var y = 0; y < newHeight; y++)
        {
            Array.Clear(row);
            var (top, bottom) = (y * stepY, Math.Min((y + 1) * stepY, height));
            for (var line = (int)top; line < bottom; line++)
            {
                var weight = (Math.Min(bottom, line + 1) - Math.Max(top, line)) / (bottom - top);
                AddScaled(source.Slice(line * width * 3, width * 3), weight, row);
            }

            ShrinkRow(row, target.Slice(y * newWidth * 3, newWidth * 3), width, stepX);
        }
    }

    private static void AddScaled(ReadOnlySpan<byte> line, float weight, Span<float> sum)
    {
        for (var i = 0; i < line.Length; i++)
        {
            sum[i] += line[i] * weight;
        }
    }

    private static void ShrinkRow(ReadOnlySpan<float> row, Span<byte> target, int width, float step)
    {
        for (var x = 0; x * 3 < target.Length; x++)
        {
            var (left, right) = (x * step, Math.Min((x + 1) * step, width));
            var (red, green, blue) = (0f, 0f, 0f);
            for (var column = (int)left; column < right; column++)
            {
                var weight = (Math.Min(right, column + 1) - Math.Max(left, column)) / (right - left);
                red += row[column * 3] * weight;
                green += row[(column * 3) + 1] * weight;
                blue += row[(column * 3) + 2] * weight;
            }

            target[x * 3] = (byte)(red + 0.5f);
            target[(x * 3) + 1] = (byte)(green + 0.5f);
            target[(x * 3) + 2] = (byte)(blue + 0.5f);
        }
    }
}
