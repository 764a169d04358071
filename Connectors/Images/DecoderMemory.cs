using System.Buffers.Binary;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Estimates from a file's header what its decoder will allocate, before it does.</summary>
internal static class DecoderMemory
{
    /// <summary>Memory for decoding a picture, in bytes, without the strips of rows that PNG, BMP and JPEG are read in.</summary>
    /// <param name="format">Format of the file.</param>
    /// <param name="file">The whole file.</param>
    /// <param name="pixels">Stored pixels.</param>
    /// <param name="decodedPixels">Pixels that the decoder delivers: WebP scales down itself.</param>
    public static long Bytes(SKEncodedImageFormat format, ReadOnlySpan<byte> file, long pixels, long decodedPixels) => format switch
    {
        SKEncodedImageFormat.Jpeg => JpegCoefficients(file, pixels),

        // Lossless WebP is decoded completely, with four bytes per pixel, before it is scaled; the others keep their
        // complete alpha channel.
        SKEncodedImageFormat.Webp => (decodedPixels * 4) + (IsLosslessWebp(file) ? pixels * 4 : pixels),

        // Indices and colours.
        SKEncodedImageFormat.Gif => pixels * 5,
        _ => 0,
    };

    private static bool IsLosslessWebp(ReadOnlySpan<byte> file) => file.Length > 16 && file[12..].StartsWith("VP8L"u8)
        || (file.Length > 16 && file[12..].StartsWith("VP8X"u8) && file[12..Math.Min(file.Length, 4096)].IndexOf("VP8L"u8) >= 0);

    /// <summary>A JPEG in several scans (every progressive one) is kept as coefficients of two bytes until the last scan.</summary>
    private static long JpegCoefficients(ReadOnlySpan<byte> file, long pixels)
    {
        var rest = file[Math.Min(2, file.Length)..];
        var (progressive, components, bytes) = (false, 0, 0L);
        while (rest.Length >= 4)
        {
            if (rest[0] != 0xFF)
            {
                return bytes;
            }

            var marker = rest[1];
            if (marker is 0xFF)
            {
                rest = rest[1..];
                continue;
            }

            var length = marker is 0x01 or (>= 0xD0 and <= 0xD8) ? 0 : (int)BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length > rest.Length - 2)
            {
                return bytes;
            }

            var body = rest.Slice(2, length);
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC) && body.Length >= 8)
            {
                progressive = (marker & 3) == 2;
                components = body[7];
                bytes = Coefficients(body, pixels);
            }
            else if (marker == 0xDA)
            {
                return progressive || (body.Length > 2 && body[2] < components) ? bytes : 0;
            }

            rest = rest[(2 + length)..];
        }

        return bytes;
    }

    private static long Coefficients(ReadOnlySpan<byte> frameHeader, long pixels)
    {
        var (samples, largest) = (0, 1);
        for (var i = 9; i < frameHeader.Length && i < 9 + (4 * 3); i += 3)
        {
            var size = (frameHeader[i] >> 4) * (frameHeader[i] & 15);
            samples += size;
            largest = Math.Max(largest, size);
        }

        return 2 * pixels * samples / largest;
    }
}
