using System.Buffers;
using MobileVlm.Edge.Connectors.Cameras;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Lends memory for a picture of this size, [height, width, 3].</summary>
internal delegate Span<byte> LendPixels(int width, int height);

/// <summary>Picture files in, JPEG out. Stateless and thread-safe.</summary>
public static class StillPictures
{
    /// <summary>Largest file read, in bytes.</summary>
    public const int MaxFileBytes = 64 * 1024 * 1024;

    /// <summary>Largest picture decoded, in pixels; a file of a few bytes can claim any size.</summary>
    public const int MaxPixels = 50_000_000;

    private const string Accepted = "JPEG, PNG, WebP and BMP are accepted";

    /// <summary>Decodes a JPEG, PNG, WebP or BMP file. EXIF orientation is applied; colour profiles are not, and
    /// transparency is dropped, as the reference model's own pre-processing does it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="StillPictureException">It is too large, not a picture, or damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static StillPicture Read(string path)
    {
        StillPicture? picture = null;
        Read(path, (width, height) => (picture = new StillPicture(width, height, new byte[width * height * 3])).Pixels);
        return picture!;
    }

    /// <summary>As <see cref="Read(string)"/>, into memory of the caller: a new large array for each picture has the
    /// collector go through all generations about once a second at ten pictures a second.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lend">Called once, after the file was decoded without a fault, for memory that the pixels go to.</param>
    internal static void Read(string path, LendPixels lend)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no picture '{path}'.", path);
        }

        using var file = File.OpenRead(path);
        if (file.Length > MaxFileBytes)
        {
            throw new StillPictureException(path, $"{file.Length} bytes; up to {MaxFileBytes} are accepted");
        }

        var length = (int)file.Length;
        var bytes = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            file.ReadExactly(bytes, 0, length);
            Decode(bytes.AsSpan(0, length), path, MaxPixels, lend);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>As <see cref="Read(string)"/>, from memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">For messages.</param>
    /// <param name="maxPixels">A larger picture is refused before it is decoded.</param>
    /// <exception cref="StillPictureException">It is too large, not a picture, or damaged.</exception>
    public static StillPicture Decode(ReadOnlySpan<byte> file, string name, int maxPixels = MaxPixels)
    {
        StillPicture? picture = null;
        Decode(file, name, maxPixels, (width, height) => (picture = new StillPicture(width, height, new byte[width * height * 3])).Pixels);
        return picture!;
    }

    /// <summary>The frame as JPEG, 4:2:0.</summary>
    /// <param name="frame">Read only; the caller keeps it.</param>
    /// <param name="quality">1 to 100.</param>
    /// <param name="maxWidth">A wider frame is scaled down to this width, in pixels.</param>
    /// <exception cref="ObjectDisposedException">The frame was disposed.</exception>
    public static byte[] EncodeJpeg(Frame frame, int quality = 80, int? maxWidth = null)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return EncodeJpeg(frame.Pixels, frame.Width, frame.Height, quality, maxWidth);
    }

    /// <summary>RGB pixels, [height, width, 3], as JPEG, 4:2:0.</summary>
    public static unsafe byte[] EncodeJpeg(
        ReadOnlySpan<byte> pixels, int width, int height, int quality = 80, int? maxWidth = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxWidth ?? 1, 1, nameof(maxWidth));
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.Length, width * height * 3);
        if (maxWidth < width)
        {
            var (newWidth, newHeight) = PictureScaler.Fit(width, height, maxWidth.Value);
            var smaller = new byte[newWidth * newHeight * 3];
            PictureScaler.Shrink(pixels, width, height, smaller, newWidth, newHeight);
            return EncodeJpeg(smaller, newWidth, newHeight, quality);
        }

        // Skia has no 24-bit layout, and its encoder none without alpha.
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var target = new Span<byte>((void*)bitmap.GetPixels(), width * height * 4);
        for (int from = 0, to = 0; from < pixels.Length; from += 3, to += 4)
        {
            pixels.Slice(from, 3).CopyTo(target[to..]);
        }

        using var view = bitmap.PeekPixels();
        using var jpeg = view.Encode(
            new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore));
        return jpeg?.ToArray() ?? throw new InvalidOperationException($"Skia could not encode {width}x{height} pixels.");
    }

    private static unsafe void Decode(ReadOnlySpan<byte> file, string name, int maxPixels, LendPixels lend)
    {
        if (file.Length > MaxFileBytes)
        {
            throw new StillPictureException(name, $"{file.Length} bytes; up to {MaxFileBytes} are accepted");
        }

        fixed (byte* start = file)
        {
            using var data = SKData.Create((nint)start, file.Length);
            using var codec = file.IsEmpty ? null : SKCodec.Create(data);
            if (codec is null)
            {
                throw new StillPictureException(name, $"not a picture, or its header is damaged; {Accepted}");
            }

            Decode(codec, name, maxPixels, lend);
        }
    }

    private static unsafe void Decode(SKCodec codec, string name, int maxPixels, LendPixels lend)
    {
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Png
            or SKEncodedImageFormat.Webp or SKEncodedImageFormat.Bmp))
        {
            throw new StillPictureException(name, $"a picture of the kind {codec.EncodedFormat}; {Accepted}");
        }

        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > maxPixels)
        {
            throw new StillPictureException(name, $"{width}x{height} pixels; up to {maxPixels} are accepted");
        }

        // No colour space asked for means no conversion; not premultiplied means that colours stay as stored.
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul)))
        {
            throw new StillPictureException(name, $"there is no memory for {width}x{height} pixels");
        }

        var result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            // Skia fills up what is missing with grey; an answer about grey would look like an answer.
            throw new StillPictureException(name, result == SKCodecResult.IncompleteInput
                ? "truncated: the picture ends too early"
                : $"damaged ({result})");
        }

        var (newWidth, newHeight) = Upright.Size(width, height, codec.EncodedOrigin);
        Upright.Turn(
            new ReadOnlySpan<byte>((void*)bitmap.GetPixels(), width * height * 4),
            width,
            height,
            codec.EncodedOrigin,
            lend(newWidth, newHeight));
    }
}
