using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Finds the orientation in a PNG file, which Skia does not read: in the chunk <c>eXIf</c>, or in the text that
/// ImageMagick and exiftool wrote before that chunk was standardized. Stateless.</summary>
internal static class PngExif
{
    /// <summary>A text is not inflated beyond this many bytes; the orientation is near its beginning.</summary>
    private const int MaxTextBytes = 256 * 1024;

    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>The orientation of a PNG file.</summary>
    /// <param name="file">The whole file; chunks are before and after the pixels.</param>
    /// <returns>Null when there is none or it is damaged.</returns>
    public static SKEncodedOrigin? Orientation(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
        {
            return null;
        }

        SKEncodedOrigin? fromText = null;
        var rest = file[Signature.Length..];
        while (rest.Length >= 12)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > (uint)rest.Length - 12)
            {
                break;
            }

            var chunk = rest.Slice(4, (int)length + 4);
            if (IsMetadata(chunk) && BinaryPrimitives.ReadUInt32BigEndian(rest[((int)length + 8)..]) == Crc32.HashToUInt32(chunk))
            {
                if (chunk.StartsWith("eXIf"u8))
                {
                    if (ExifOrientation.Read(chunk[4..]) is { } found)
                    {
                        return found;
                    }
                }
                else
                {
                    fromText ??= FromText(chunk[..4], chunk[4..]);
                }
            }

            rest = rest[((int)length + 12)..];
        }

        return fromText;
    }

    private static bool IsMetadata(ReadOnlySpan<byte> chunk) => chunk.StartsWith("eXIf"u8) || ((chunk.StartsWith("tEXt"u8)
        || chunk.StartsWith("zTXt"u8) || chunk.StartsWith("iTXt"u8)) && chunk[4..].StartsWith("Raw profile type "u8));

    private static SKEncodedOrigin? FromText(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf((byte)0);
        if (end < 0 || Encoding.Latin1.GetString(data[..end]) is not ("Raw profile type exif" or "Raw profile type APP1"))
        {
            return null;
        }

        var text = data[(end + 1)..];
        var compressed = type.SequenceEqual("zTXt"u8);
        if (compressed)
        {
            text = text.Length > 0 ? text[1..] : text;
        }
        else if (type.SequenceEqual("iTXt"u8))
        {
            // Compression flag and method, then language and translated keyword, each ended by a zero.
            compressed = text.Length > 0 && text[0] == 1;
            text = text.Length > 2 ? text[2..] : [];
            for (var i = 0; i < 2; i++)
            {
                text = text.IndexOf((byte)0) is >= 0 and var at ? text[(at + 1)..] : [];
            }
        }

        return ExifOrientation.Read(FromHex(compressed ? Inflate(text) : text));
    }

    private static unsafe byte[] Inflate(ReadOnlySpan<byte> compressed)
    {
        if (compressed.IsEmpty)
        {
            return [];
        }

        var text = new byte[MaxTextBytes];
        fixed (byte* start = compressed)
        {
            using var source = new UnmanagedMemoryStream(start, compressed.Length);
            using var inflater = new ZLibStream(source, CompressionMode.Decompress);
            try
            {
                return text[..inflater.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)];
            }
            catch (Exception fault) when (fault is InvalidDataException or IOException)
            {
                return [];
            }
        }
    }

    /// <summary>The bytes of a "raw profile": a line break, its name, its length, then lines of hexadecimal digits.</summary>
    private static byte[] FromHex(ReadOnlySpan<byte> text)
    {
        for (var line = 0; line < 3; line++)
        {
            text = text.IndexOf((byte)'\n') is >= 0 and var at ? text[(at + 1)..] : [];
        }

        var digits = new StringBuilder(Math.Min(text.Length, MaxTextBytes));
        foreach (var c in text[..Math.Min(text.Length, MaxTextBytes)])
        {
            if (char.IsAsciiHexDigit((char)c))
            {
                digits.Append((char)c);
            }
            else if (c is not ((byte)'\n' or (byte)'\r' or (byte)' '))
            {
                break;
            }
        }

        return Convert.FromHexString(digits.ToString(0, digits.Length & ~1));
    }
}
