using System.Buffers;
using MobileVlm.Edge.Connectors.Frames;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Lends memory for a picture of this size, [height, width, 3].</summary>
internal delegate Span<byte> LendPixels(int width, int height);

/// <summary>Picture files in, JPEG out. Stateless and thread-safe.</summary>
public static class ImageCodec
{
    /// <summary>Largest file read, in bytes.</summary>
    public const int MaxFileBytes = 64 * 1024 * 1024;

    /// <summary>Extensions of the files that a folder of pictures is made of, in lower case with their dot.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"];

    /// <summary>Extensions of pictures that cannot be decoded: reported to the operator who put them into a folder, instead
    /// of being ignored silently.</summary>
    internal static IReadOnlyList<string> UnsupportedExtensions { get; } = [".heic", ".heif", ".avif", ".tif", ".tiff", ".jxl"];

    /// <summary>Decodes a JPEG, PNG, WebP, BMP or GIF file; of an animation the first frame. EXIF orientation is applied;
    /// colour profiles are not, and transparency is dropped, as the reference model's own pre-processing does it.</summary>
    /// <param name="path">A file.</param>
    /// <param name="limits">Otherwise <see cref="PictureLimits.Local"/>: a picture with a side above 4096 pixels is scaled
    /// down to that.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ImageFileException">It is too large, damaged, or not a picture of these formats; the message says
    /// what it is and what to do.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static DecodedImage Read(string path, PictureLimits? limits = null)
    {
        DecodedImage? picture = null;
        Read(
            path,
            limits ?? PictureLimits.Local,
            (width, height) => (picture = new DecodedImage(width, height, new byte[width * height * 3])).Pixels);
        return picture!;
    }

    /// <summary>Same as <see cref="Read(string, PictureLimits)"/>, into memory of the caller: a new large array for each picture
    /// has the collector go through all generations about once per second at ten pictures per second.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">Of the picture and of the memory.</param>
    /// <param name="lend">Called once, after the header was read, for the memory that the pixels go to. When an exception
    /// follows, the memory holds a part of the picture and is the caller's to give back.</param>
    internal static void Read(string path, PictureLimits limits, LendPixels lend)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new ImageFileException(path, "a folder, not a picture file");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"The picture '{path}' does not exist.", path);
        }

        using var file = File.OpenRead(path);
        Read(file, path, limits, lend);
    }

    /// <summary>Same as <see cref="Read(string, PictureLimits)"/>, from a stream, which is read to its end and left open.</summary>
    /// <param name="file">Need not be seekable.</param>
    /// <param name="name">For messages.</param>
    /// <param name="limits">Otherwise <see cref="PictureLimits.Local"/>.</param>
    /// <exception cref="ImageFileException">It is too large, damaged, or not a picture of these formats.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DecodedImage Read(Stream file, string name, PictureLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        DecodedImage? picture = null;
        Read(
            file,
            name,
            limits ?? PictureLimits.Local,
            (width, height) => (picture = new DecodedImage(width, height, new byte[width * height * 3])).Pixels);
        return picture!;
    }

    /// <summary>Same as <see cref="Read(string, PictureLimits)"/>, from memory.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">For messages.</param>
    /// <param name="limits">Otherwise <see cref="PictureLimits.Local"/>.</param>
    /// <exception cref="ImageFileException">It is too large, damaged, or not a picture of these formats.</exception>
    public static DecodedImage Decode(ReadOnlySpan<byte> file, string name, PictureLimits? limits = null)
    {
        DecodedImage? picture = null;
        Decode(
            file,
            name,
            limits ?? PictureLimits.Local,
            (width, height) => (picture = new DecodedImage(width, height, new byte[width * height * 3])).Pixels);
        return picture!;
    }

    /// <summary>Same as <see cref="Decode(ReadOnlySpan{byte}, string, PictureLimits)"/>, into memory of the caller.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">For messages.</param>
    /// <param name="limits">Of the picture and of the memory.</param>
    /// <param name="lend">As for <see cref="Read(string, PictureLimits, LendPixels)"/>.</param>
    internal static unsafe void Decode(ReadOnlySpan<byte> file, string name, PictureLimits limits, LendPixels lend)
    {
        if (file.Length > MaxFileBytes)
        {
            throw TooLong(name, file.Length);
        }

        if (FileKind.OfPicture(file) is not { } kind)
        {
            throw new ImageFileException(name, FileKind.Refuse(file));
        }

        fixed (byte* start = file)
        {
            using var data = SKData.Create((nint)start, file.Length);
            using var codec = SKCodec.Create(data);
            if (codec is null || codec.EncodedFormat != kind.Format)
            {
                throw new ImageFileException(
                    name, $"a {kind.Name} picture whose header is damaged or cut off. Fetch or save it again");
            }

            new PictureDecoder(codec, file, name, limits).Decode(lend);
        }
    }

    private static void Read(Stream file, string name, PictureLimits limits, LendPixels lend)
    {
        // One byte more than is accepted shows that the file is too long, without reading all of it.
        var expected = file.CanSeek ? file.Length - file.Position : 1024 * 1024;
        if (expected > MaxFileBytes)
        {
            throw TooLong(name, expected);
        }

        var bytes = ArrayPool<byte>.Shared.Rent((int)expected + 1);
        try
        {
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            while (length == bytes.Length)
            {
                if (length > MaxFileBytes)
                {
                    throw TooLong(name, length);
                }

                var more = ArrayPool<byte>.Shared.Rent(Math.Min(2 * length, MaxFileBytes + 1));
                bytes.CopyTo(more, 0);
                ArrayPool<byte>.Shared.Return(bytes);
                bytes = more;
                length += file.ReadAtLeast(bytes.AsSpan(length), bytes.Length - length, throwOnEndOfStream: false);
            }

            Decode(bytes.AsSpan(0, length), name, limits, lend);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static ImageFileException TooLong(string name, long bytes) => new(
        name, $"a file of {bytes} bytes; up to {MaxFileBytes} are accepted. Save it smaller or at a lower quality");

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
}
