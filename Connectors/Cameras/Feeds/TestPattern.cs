namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>A test pattern that depends on nothing but its size and number: colour bars, a white square that moves, and
/// along the bottom the number's 32 lower bits as black (0) and white (1) blocks, highest first.</summary>
internal static class TestPattern
{
    public const int MinSide = 32;
    public const int MaxRate = 240;
    private const int Bits = 32;
    private const int SquareSteps = 64;

    private static readonly (byte Red, byte Green, byte Blue)[] Bars =
    [
        (192, 192, 192), (192, 192, 0), (0, 192, 192), (0, 192, 0),
        (192, 0, 192), (192, 0, 0), (0, 0, 192), (32, 32, 32),
    ];

    private static readonly (byte Red, byte Green, byte Blue) White = (255, 255, 255);

    /// <param name="number">Number of the frame.</param>
    /// <param name="pixels">[height, width, 3].</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    public static void Draw(long number, Span<byte> pixels, int width, int height)
    {
        // Rows change at four places only; the others repeat the one above.
        var stride = width * 3;
        var (square, strip) = (height / 4, height * 7 / 8);
        var squareTop = (strip - square) / 2;
        var squareLeft = (int)(number % SquareSteps * (width - square) / (SquareSteps - 1));
        for (var y = 0; y < height; y++)
        {
            var row = pixels.Slice(y * stride, stride);
            if (y > 0 && y != squareTop && y != squareTop + square && y != strip)
            {
                pixels.Slice((y - 1) * stride, stride).CopyTo(row);
            }
            else if (y >= strip)
            {
                DrawBits(number, row, width);
            }
            else
            {
                DrawBars(row, width, y >= squareTop && y < squareTop + square ? squareLeft : width, square);
            }
        }
    }

    private static void DrawBars(Span<byte> row, int width, int squareLeft, int squareWidth)
    {
        for (var x = 0; x < width; x++)
        {
            Set(row, x, x >= squareLeft && x < squareLeft + squareWidth ? White : Bars[x * Bars.Length / width]);
        }
    }

    private static void DrawBits(long number, Span<byte> row, int width)
    {
        for (var x = 0; x < width; x++)
        {
            var bit = (number >> (Bits - 1 - (x * Bits / width))) & 1;
            Set(row, x, bit == 1 ? White : default);
        }
    }

    private static void Set(Span<byte> row, int x, (byte Red, byte Green, byte Blue) color) =>
        (row[x * 3], row[(x * 3) + 1], row[(x * 3) + 2]) = color;
}
