using System.Buffers.Binary;
using System.Text;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Checks an archive's headers before anything is read from it: the library takes long names and
/// attributes into memory in any length that the archive claims, and would find a cut only at the end.</summary>
internal static class TarHeaders
{
    private const int Block = 512;
    private const int LargestAttributes = 64 * 1024;

    /// <exception cref="InvalidDataException">It is not an archive, was cut, or claims what no bundle has.</exception>
    public static void Check(FileStream stream, int mostFiles)
    {
        var header = new byte[Block];
        var headers = 0;
        while (stream.Position < stream.Length)
        {
            stream.ReadExactly(header);
            if (!header.AsSpan().ContainsAnyExcept((byte)0))
            {
                break;
            }

            var size = Size(header);
            if (size < 0 || size > stream.Length - stream.Position)
            {
                throw new InvalidDataException($"an entry has {size} bytes, which go past the end of the file");
            }

            // A type of x, g, L or K is text about another entry.
            if (header[156] is (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K' && size > LargestAttributes)
            {
                throw new InvalidDataException($"an entry has {size} bytes of attributes");
            }

            // Each file may have one header for its attributes; the manifest comes on top.
            if (++headers > 2 * (mostFiles + 1))
            {
                throw new InvalidDataException($"it has more than {mostFiles} files");
            }

            stream.Position += (size + Block - 1) / Block * Block;
        }

        stream.Position = 0;
    }

    /// <summary>Octal text, or eight bytes behind a first one of 0x80 where that does not suffice.</summary>
    private static long Size(byte[] header)
    {
        const int start = 124;
        const int length = 12;
        if (header[start] == 0x80)
        {
            return BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(start + length - 8));
        }

        var text = Encoding.ASCII.GetString(header, start, length).Trim(' ', '\0');
        try
        {
            return text.Length == 0 ? 0 : Convert.ToInt64(text, 8);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw new InvalidDataException($"an entry's size is '{text}'", e);
        }
    }
}
