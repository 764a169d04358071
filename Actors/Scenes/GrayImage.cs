using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>The luminance of a frame on a fixed grid, independent of the frame's size. Written again for each frame, so that
/// examining frames allocates nothing. One caller at a time.</summary>
internal sealed class GrayImage
{
    /// <summary>Cells along the width.</summary>
    public const int Width = 160;

    /// <summary>Cells along the height.</summary>
    public const int Height = 120;

    /// <summary>Cells of the grid.</summary>
    public const int Count = Width * Height;

    /// <summary>Frames with a smaller side, in pixels, show too little to be compared.</summary>
    public const int MinSide = 48;

    /// <summary>Cells along each side of a <see cref="Blocks"/> entry.</summary>
    public const int BlockSide = 10;

    /// <summary>Entries of <see cref="Blocks"/>: 16 x 12.</summary>
    public const int BlockCount = Count / (BlockSide * BlockSide);

    // Samples along each side of a cell: 16 samples halve the noise twice, and bound the cost of large frames.
    private const int MaxSamples = 4;

    private readonly int[] _histogram = new int[256];

    /// <summary>Luminance of each cell, 0..255, row by row.</summary>
    public byte[] Cells { get; } = new byte[Count];

    /// <summary>Mean luminance of each block of 10 x 10 cells, 0..255, row by row.</summary>
    public float[] Blocks { get; } = new float[BlockCount];

    /// <summary>Whether a frame is large enough to be compared.</summary>
    public static bool CanRead(Frame frame) => frame.Width >= MinSide && frame.Height >= MinSide;

    /// <summary>The block that a cell belongs to.</summary>
    public static int BlockOf(int x, int y) => (y / BlockSide * (Width / BlockSide)) + (x / BlockSide);

    /// <summary>Reads a frame: at most 16 samples for each cell, about 300,000 for a large frame.</summary>
    public void Read(Frame frame)
    {
        var pixels = frame.Pixels;
        Array.Clear(_histogram);
        for (var y = 0; y < Height; y++)
        {
            var rows = Range(y, Height, frame.Height);
            for (var x = 0; x < Width; x++)
            {
                var value = Average(pixels, frame.Width, Range(x, Width, frame.Width), rows);
                Cells[(y * Width) + x] = value;
                _histogram[value]++;
            }
        }

        AverageBlocks();
    }

    /// <summary>The luminance that this share of the cells does not exceed.</summary>
    /// <param name="share">0..1.</param>
    public int Percentile(double share)
    {
        var left = share * Count;
        for (var value = 0; value < _histogram.Length; value++)
        {
            left -= _histogram[value];
            if (left <= 0)
            {
                return value;
            }
        }

        return byte.MaxValue;
    }

    /// <summary>The share of cells at or above a luminance, 0..1.</summary>
    public double ShareFrom(int luminance) => (double)_histogram.AsSpan(luminance).ToArray().Sum() / Count;

    private void AverageBlocks()
    {
        Array.Clear(Blocks);
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                Blocks[BlockOf(x, y)] += Cells[(y * Width) + x];
            }
        }

        for (var i = 0; i < Blocks.Length; i++)
        {
            Blocks[i] /= BlockSide * BlockSide;
        }
    }

    /// <summary>The pixels of a cell along one side; at least one, so that a frame smaller than the grid is read whole.</summary>
    private static (int From, int To, int Step) Range(int cell, int cells, int size)
    {
        var from = cell * size / cells;
        var to = Math.Max(from + 1, (cell + 1) * size / cells);
        return (from, to, (to - from + MaxSamples - 1) / MaxSamples);
    }

    // Luminance by ITU-R BT.601 in whole numbers of 1/256.
    private static byte Average(
        ReadOnlySpan<byte> pixels, int width, (int From, int To, int Step) x, (int From, int To, int Step) y)
    {
        int sum = 0, count = 0;
        for (var row = y.From; row < y.To; row += y.Step)
        {
            for (var column = x.From; column < x.To; column += x.Step)
            {
                var pixel = pixels.Slice(((row * width) + column) * 3, 3);
                sum += (77 * pixel[0]) + (150 * pixel[1]) + (29 * pixel[2]);
                count++;
            }
        }

        return (byte)(sum / (count * 256));
    }
}
