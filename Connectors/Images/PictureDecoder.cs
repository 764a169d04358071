using System.Runtime.InteropServices;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Decodes one picture with Skia into memory of the caller: upright, scaled down to the limits, and in strips of
/// rows when the whole picture would take more memory than allowed.</summary>
internal readonly unsafe ref struct PictureDecoder
{
    private readonly SKCodec _codec;
    private readonly ReadOnlySpan<byte> _file;
    private readonly string _name;
    private readonly PictureLimits _limits;

    /// <param name="codec">Over <paramref name="file"/>.</param>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What messages call the picture.</param>
    /// <param name="limits">Limits of the picture and of the memory.</param>
    public PictureDecoder(SKCodec codec, ReadOnlySpan<byte> file, string name, PictureLimits limits)
    {
        _codec = codec;
        _file = file;
        _name = name;
        _limits = limits;
    }

    /// <exception cref="ImageFileException">It is too large or damaged.</exception>
    public void Decode(LendPixels lend)
    {
        var (width, height) = (_codec.Info.Width, _codec.Info.Height);
        CheckSize(width, height);
        var origin = !_limits.AppliesOrientation ? SKEncodedOrigin.TopLeft
            : _codec.EncodedFormat == SKEncodedImageFormat.Png ? PngExif.Orientation(_file) ?? _codec.EncodedOrigin
            : _codec.EncodedOrigin;
        var upright = OrientedRows.Size(width, height, origin);
        var target = _limits.Fit(upright.Width, upright.Height);

        // From here on as stored; the rows are turned last.
        var (newWidth, newHeight) = OrientedRows.Size(target.Width, target.Height, origin);
        var decoded = DecodedSize(newWidth, newHeight);
        CheckMemory((long)width * height, (long)decoded.Width * decoded.Height);

        // No colour space asked for means no conversion; not premultiplied means that colours stay as stored.
        var info = new SKImageInfo(decoded.Width, decoded.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var order = RowsPerStrip(info) < info.Height ? Strips(info) : RowOrder.Whole;
        if (order == RowOrder.BottomUp)
        {
            origin = SKEncodedOrigin.BottomLeft;
        }

        var pixels = lend(target.Width, target.Height);
        var sink = new RowSink(info, newWidth, newHeight, new OrientedRows(newWidth, newHeight, origin, pixels));
        switch (order)
        {
            case RowOrder.Whole:
                ReadWhole(info, sink);
                break;
            case RowOrder.Seekable:
                ReadSeekable(info, sink);
                break;
            case RowOrder.TopDown or RowOrder.BottomUp:
                ReadScanlines(info, sink);
                break;
            default:
                throw new InvalidOperationException($"The order {order} of rows is not known.");
        }
    }

    private void CheckSize(int width, int height)
    {
        if (Math.Max(width, height) > PictureLimits.MaxStoredSide)
        {
            throw Fault($"{width}x{height} pixels; sides of up to {PictureLimits.MaxStoredSide} are accepted");
        }

        if ((long)width * height > _limits.MaxPixels)
        {
            throw Fault($"{width}x{height} pixels; up to {_limits.MaxPixels / 1_000_000} megapixels are accepted. Scale it down first");
        }
    }

    private void CheckMemory(long pixels, long decodedPixels)
    {
        const int Mega = 1024 * 1024;
        var bytes = DecoderMemory.Bytes(_codec.EncodedFormat, _file, pixels, decodedPixels);
        if (bytes > _limits.MaxDecoderBytes)
        {
            throw Fault(
                $"a picture of this kind with {_codec.Info.Width}x{_codec.Info.Height} pixels takes about {bytes / Mega} MB "
                + $"to decode; up to {_limits.MaxDecoderBytes / Mega} MB are allowed. Scale it down, or save it as a "
                + "JPEG that is not progressive");
        }
    }

    /// <summary>JPEG is halved, quartered or decoded at an eighth as long as it stays large enough, which costs a fraction
    /// of the time; WebP is scaled to any size. Both only where the picture is too large anyway.</summary>
    private (int Width, int Height) DecodedSize(int newWidth, int newHeight)
    {
        var (width, height) = (_codec.Info.Width, _codec.Info.Height);
        if (_codec.EncodedFormat == SKEncodedImageFormat.Webp)
        {
            return (newWidth, newHeight);
        }

        if (_codec.EncodedFormat == SKEncodedImageFormat.Jpeg)
        {
            for (var part = 8; part > 1; part /= 2)
            {
                var size = _codec.GetScaledDimensions(1f / part);
                if (size.Width >= newWidth && size.Height >= newHeight && size.Width <= (width + part - 1) / part)
                {
                    return (size.Width, size.Height);
                }
            }
        }

        return (width, height);
    }

    private int RowsPerStrip(SKImageInfo info)
    {
        // An interlaced PNG of 16 bit keeps eight bytes per pixel besides the strip itself.
        var isDeepAndInterlaced = _codec.EncodedFormat == SKEncodedImageFormat.Png && _file[24] == 16 && _file[28] == 1;
        return Math.Clamp(_limits.StripBytes / (isDeepAndInterlaced ? 2 : 1) / info.RowBytes, 1, info.Height);
    }

    private RowOrder Strips(SKImageInfo info)
    {
        if (_codec.EncodedFormat == SKEncodedImageFormat.Png)
        {
            return RowOrder.Seekable;
        }

        return _codec.StartScanlineDecode(info) == SKCodecResult.Success
            ? _codec.ScanlineOrder == SKCodecScanlineOrder.BottomUp ? RowOrder.BottomUp : RowOrder.TopDown
            : RowOrder.Whole;
    }

    private void ReadWhole(SKImageInfo info, RowSink sink)
    {
        using var strip = new Strip(this, info.BytesSize);
        Check(_codec.GetPixels(info, strip.Address));
        sink.Write(strip.Bytes);
    }

    /// <summary>Reads a PNG, of which any range of rows can be read; the rows before that part are decoded again each time.</summary>
    private void ReadSeekable(SKImageInfo info, RowSink sink)
    {
        var rows = RowsPerStrip(info);
        using var strip = new Strip(this, rows * info.RowBytes);
        for (var top = 0; top < info.Height; top += rows)
        {
            var count = Math.Min(rows, info.Height - top);
            var options = new SKCodecOptions(new SKRectI(0, top, info.Width, top + count));
            Check(_codec.StartIncrementalDecode(info, strip.Address, info.RowBytes, options));
            Check(_codec.IncrementalDecode(out _));
            sink.Write(strip.Bytes[..(count * info.RowBytes)]);
        }
    }

    /// <summary>Reads the rows in the order of the file, one at a time: where that is from the bottom up, Skia reverses the rows
    /// of one call.</summary>
    private void ReadScanlines(SKImageInfo info, RowSink sink)
    {
        using var strip = new Strip(this, info.RowBytes);
        for (var y = 0; y < info.Height; y++)
        {
            Check(_codec.GetScanlines(strip.Address, 1, info.RowBytes) == 1 ? SKCodecResult.Success : SKCodecResult.IncompleteInput);
            sink.Write(strip.Bytes);
        }
    }

    private void Check(SKCodecResult result)
    {
        if (result != SKCodecResult.Success)
        {
            // Skia fills the missing part with grey, and an answer about grey could not be distinguished from a real one.
            throw Fault(result == SKCodecResult.IncompleteInput
                ? "truncated: the picture ends too early"
                : $"damaged ({result})");
        }
    }

    private ImageFileException Fault(string fault) => new(_name, fault);

    private enum RowOrder
    {
        Whole,
        Seekable,
        TopDown,
        BottomUp,
    }

    /// <summary>Memory that is returned to the system at once; large arrays would stay until a full garbage
    /// collection.</summary>
    private readonly ref struct Strip : IDisposable
    {
        private readonly int _bytes;

        public Strip(PictureDecoder decoder, int bytes)
        {
            try
            {
                Address = (nint)NativeMemory.Alloc((nuint)bytes);
            }
            catch (OutOfMemoryException)
            {
                throw decoder.Fault($"there is no memory to decode it ({bytes} bytes)");
            }

            _bytes = bytes;
        }

        public nint Address { get; }

        public ReadOnlySpan<byte> Bytes => new((void*)Address, _bytes);

        public void Dispose() => NativeMemory.Free((void*)Address);
    }

    /// <summary>Takes the decoded rows one after the other, scales them down and puts them in place.</summary>
    private ref struct RowSink
    {
        private readonly int _rowBytes;
        private readonly RowShrinker? _shrinker;
        private readonly byte[] _small;
        private readonly OrientedRows _target;
        private int _y;

        public RowSink(SKImageInfo info, int newWidth, int newHeight, OrientedRows target)
        {
            var shrinks = (newWidth, newHeight) != (info.Width, info.Height);
            _rowBytes = info.RowBytes;
            _shrinker = shrinks ? new RowShrinker(info.Width, info.Height, newWidth, newHeight) : null;
            _small = shrinks ? new byte[newWidth * 3] : [];
            _target = target;
        }

        /// <param name="rows">One or more, RGBA.</param>
        public void Write(ReadOnlySpan<byte> rows)
        {
            for (; rows.Length > 0; rows = rows[_rowBytes..], _y++)
            {
                var row = rows[.._rowBytes];
                if (_shrinker is null)
                {
                    _target.Write(_y, row, 4);
                    continue;
                }

                while (_shrinker.Reaches(_y) && _shrinker.Add(_y, row, 4, _small))
                {
                    _target.Write(_shrinker.Written - 1, _small, 3);
                }
            }
        }
    }
}
