using System.Buffers;

namespace MobileVlm.Edge.Inference.Images;

/// <summary>Pads or crops a picture to a square and resamples it to the model's size with Pillow's antialiased bicubic, bit for bit, with vectors
/// and, from <see cref="PixelsPerThread"/> pixels on, on several threads. Not thread-safe: it keeps the weights of the last picture's
/// sides.</summary>
internal sealed unsafe class SquareResampler
{
    /// <summary>Starting another thread pays from about this many pixels on: some tenths of a millisecond of work.</summary>
    public const int PixelsPerThread = 1 << 19;

    /// <summary>The copy of a large picture's memory traffic limits more threads than these.</summary>
    private const int MostThreads = 4;

    private readonly int _size;
    private readonly byte[] _padding;
    private readonly PictureFit _fit;
    private readonly ResampleLoops _loops;
    private readonly Action<int> _resampleRows;
    private readonly Action<int> _resampleColumns;
    private int _width;
    private int _height;
    private int _bands;
    private ResampleAxis _columns = null!;
    private ResampleAxis _rows = null!;

    // Of the picture at hand; valid only within Resample.
    private byte* _source;
    private uint* _between;
    private uint* _target;

    /// <param name="size">Side of the result, in pixels.</param>
    /// <param name="padding">Colour of the padding, red first.</param>
    /// <param name="loops">For tests; null takes the fastest that this processor has.</param>
    /// <param name="fit">How a picture becomes a square.</param>
    public SquareResampler(int size, ReadOnlySpan<byte> padding, ResampleLoops? loops = null, PictureFit fit = PictureFit.Pad)
    {
        (_size, _fit) = (size, fit);
        _padding = padding.ToArray();
        _loops = loops ?? ResampleLoops.Supported[0];
        Stride = (4 * size + ResampleLoops.ColumnBlock - 1) / ResampleLoops.ColumnBlock * ResampleLoops.ColumnBlock / 4;
        _resampleRows = ResampleRows;
        _resampleColumns = ResampleColumns;
    }

    /// <summary>Pixels from row to row of the result, at least its size.</summary>
    public int Stride { get; }

    /// <summary>Writes the padded or cropped, resampled picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="result">[size, <see cref="Stride"/>]: red in the lowest byte, then green and blue; the highest byte, and the pixels
    /// behind the size, have no meaning.</param>
    public void Resample(RgbImage image, Span<uint> result)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(result.Length, _size * Stride);
        Prepare(image.Width, image.Height);

        // Pillow resamples each row, rounds to 8 bit, then resamples each column.
        var between = ArrayPool<uint>.Shared.Rent(image.Height * Stride);
        try
        {
            fixed (byte* source = image.Pixels)
            fixed (uint* rows = between, target = result)
            {
                _source = source;
                _between = rows;
                _target = target;
                InBands(_resampleRows);
                InBands(_resampleColumns);
            }
        }
        finally
        {
            _source = null;
            _between = _target = null;
            ArrayPool<uint>.Shared.Return(between);
        }
    }

    private void Prepare(int width, int height)
    {
        if (_width == width && _height == height)
        {
            return;
        }

        switch (_fit)
        {
            case PictureFit.Pad:
                var side = Math.Max(width, height);
                var weights = PillowBicubic.Create(side, _size);
                _rows = new ResampleAxis(weights, (side - width) / 2, width, _padding);
                _columns = new ResampleAxis(weights, (side - height) / 2, height, _padding);
                break;
            case PictureFit.CropCentre:
                (_rows, _columns) = (Cropped(width, Math.Min(width, height)), Cropped(height, Math.Min(width, height)));
                break;
            default:
                throw new InvalidOperationException($"There is no {nameof(PictureFit)} {_fit}.");
        }

        _bands = (int)Math.Clamp((long)width * height / PixelsPerThread, 1, Math.Min(MostThreads, Environment.ProcessorCount));
        (_width, _height) = (width, height);
    }

    /// <summary>One axis of a picture whose shorter side is resized to the result's size.</summary>
    private ResampleAxis Cropped(int length, int shorter)
    {
        // CLIPImageProcessor: the longer side is truncated, and so is the half of what is cut off.
        var resized = (int)((long)_size * length / shorter);
        return new ResampleAxis(PillowBicubic.Create(length, resized, (resized - _size) / 2, _size), 0, length, _padding);
    }

    private void InBands(Action<int> work)
    {
        if (_bands == 1)
        {
            work(0);
            return;
        }

        Parallel.For(0, _bands, work);
    }

    private (int From, int To) Band(int band, int length) =>
        ((int)((long)length * band / _bands), (int)((long)length * (band + 1) / _bands));

    private void ResampleRows(int band)
    {
        var (from, to) = Band(band, _height);
        var sources = stackalloc byte*[ResampleLoops.RowsTogether];
        var targets = stackalloc uint*[ResampleLoops.RowsTogether];

        // The loops read beyond a row's end, which the last rows must not do.
        var (rowBytes, bytes) = (3L * _width, 3L * _width * _height);
        var copied = (int)rowBytes + ResampleLoops.Slack;
        var copies = ArrayPool<byte>.Shared.Rent(ResampleLoops.RowsTogether * copied);
        fixed (byte* copy = copies)
        {
            for (var y = from; y < to; y += ResampleLoops.RowsTogether)
            {
                for (var i = 0; i < ResampleLoops.RowsTogether; i++)
                {
                    // Behind the band's last row, that row is done again.
                    var row = Math.Min(y + i, to - 1);
                    targets[i] = _between + ((long)row * Stride);
                    sources[i] = _source + (row * rowBytes);
                    if (((row + 1) * rowBytes) + ResampleLoops.Slack > bytes)
                    {
                        new ReadOnlySpan<byte>(sources[i], (int)rowBytes).CopyTo(new Span<byte>(copy + (i * copied), copied));
                        sources[i] = copy + (i * copied);
                    }
                }

                _loops.Rows(sources, targets, _rows);
            }
        }

        ArrayPool<byte>.Shared.Return(copies);
    }

    private void ResampleColumns(int band)
    {
        var (from, to) = Band(band, _size);
        fixed (int* weights = _columns.Weights, start = _columns.Base)
        {
            for (var o = from; o < to; o++)
            {
                _loops.Column(
                    (byte*)(_between + ((long)_columns.First[o] * Stride)),
                    4 * Stride,
                    weights + (o * _columns.TapsPerOutput),
                    _columns.Count[o],
                    start + (4 * o),
                    (byte*)(_target + (o * Stride)));
            }
        }
    }
}
