using System.Buffers.Binary;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Reads the orientation tag of an EXIF block (the TIFF structure of the EXIF 2.32 standard, section 4.5).
/// Stateless.</summary>
internal static class ExifOrientation
{
    private const int OrientationTag = 0x0112;
    private const int ShortType = 3;
    private const int EntryBytes = 12;

    /// <summary>The orientation in the block's first directory.</summary>
    /// <param name="exif">The block, with or without the marker <c>Exif</c> of JPEG before it.</param>
    /// <returns>Null when there is none, when it is out of range, or when the block is damaged: a picture is usable
    /// without it.</returns>
    public static SKEncodedOrigin? Read(ReadOnlySpan<byte> exif)
    {
        var tiff = exif.StartsWith("Exif\0\0"u8) ? exif[6..] : exif;
        var littleEndian = tiff.StartsWith("II"u8);
        if (tiff.Length < 8 || (!littleEndian && !tiff.StartsWith("MM"u8)) || Short(tiff[2..], littleEndian) != 42)
        {
            return null;
        }

        var offset = Long(tiff[4..], littleEndian);
        if (offset > (uint)tiff.Length - 2)
        {
            return null;
        }

        var directory = tiff[(int)offset..];
        var count = Short(directory, littleEndian);
        directory = directory[2..];
        for (var i = 0; i < count && directory.Length >= EntryBytes; i++, directory = directory[EntryBytes..])
        {
            if (Short(directory, littleEndian) == OrientationTag)
            {
                var value = Short(directory[8..], littleEndian);
                return Short(directory[2..], littleEndian) == ShortType && Long(directory[4..], littleEndian) == 1
                    && value is >= 1 and <= 8
                    ? (SKEncodedOrigin)value
                    : null;
            }
        }

        return null;
    }

    private static ushort Short(ReadOnlySpan<byte> from, bool littleEndian) => littleEndian
        ? BinaryPrimitives.ReadUInt16LittleEndian(from)
        : BinaryPrimitives.ReadUInt16BigEndian(from);

    private static uint Long(ReadOnlySpan<byte> from, bool littleEndian) => littleEndian
        ? BinaryPrimitives.ReadUInt32LittleEndian(from)
        : BinaryPrimitives.ReadUInt32BigEndian(from);
}
