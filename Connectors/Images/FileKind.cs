using System.Buffers.Binary;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>The type of a file by its first bytes: a picture that can be decoded, or something else with a name and a
/// remedy. File names and extensions are ignored.</summary>
internal sealed class FileKind
{
    private const string ToJpeg = "Convert it to JPEG or PNG first, for example with 'ffmpeg -i FILE picture.jpg'";
    private const string Unpack = "Unpack it first";
    private const string Video =
        "Use it as the source of a camera, or take a picture from it with 'ffmpeg -i FILE -frames:v 1 picture.jpg'";

    private static readonly FileKind[] Pictures =
    [
        new("JPEG", file => file.StartsWith<byte>([0xFF, 0xD8, 0xFF])) { Format = SKEncodedImageFormat.Jpeg },
        new("PNG", file => file.StartsWith<byte>([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]) && !At(file, 12, "CgBI"))
        {
            Format = SKEncodedImageFormat.Png,
        },
        new("WebP", file => At(file, 0, "RIFF") && At(file, 8, "WEBP")) { Format = SKEncodedImageFormat.Webp },
        new("GIF", file => At(file, 0, "GIF87a") || At(file, 0, "GIF89a")) { Format = SKEncodedImageFormat.Gif },
        new("BMP", IsBmp) { Format = SKEncodedImageFormat.Bmp },
    ];

    private static readonly FileKind[] Others =
    [
        Picture("HEIC", file => IsBrand(file, "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"),
            "Convert it to JPEG first, for example with 'heif-convert FILE picture.jpg'; an iPhone takes JPEG where "
            + "Settings > Camera > Formats is 'Most Compatible'"),
        Picture("AVIF", file => IsBrand(file, "avif", "avis", "MA1A", "MA1B"), ToJpeg),
        Picture("Canon raw (CR3)", file => IsBrand(file, "crx "), RawRemedy),
        Picture("JPEG XL", file => file.StartsWith<byte>([0xFF, 0x0A]) || (At(file, 4, "JXL ") && At(file, 0, "\0\0\0\x0C")),
            "Convert it to JPEG or PNG first, for example with 'djxl FILE picture.png'"),
        Picture("JPEG 2000", file => At(file, 4, "jP  ") || file.StartsWith<byte>([0xFF, 0x4F, 0xFF, 0x51]), ToJpeg),
        Picture("PNG of the kind that Apple's tools pack into apps (CgBI)", file => At(file, 1, "PNG") && At(file, 12, "CgBI"),
            "Convert it first, for example with 'xcrun pngcrush -revert-iphone-optimizations FILE picture.png'"),
        Picture("Canon raw (CR2)", file => IsTiff(file) && At(file, 8, "CR"), RawRemedy),
        Picture("raw (DNG)", file => IsTiff(file) && HasTag(file, 0xC612), RawRemedy),
        Picture("camera raw", file => At(file, 0, "IIRO") || At(file, 0, "IIRS") || At(file, 0, "IIU\0")
            || At(file, 0, "FUJIFILMCCD-RAW") || At(file, 0, "\0MRM") || At(file, 0, "FOVb"), RawRemedy),
        Picture("TIFF", IsTiff, ToJpeg),
        Picture("Photoshop (PSD)", file => At(file, 0, "8BPS"), ToJpeg),
        Picture("icon (ICO)", file => file.StartsWith<byte>([0, 0, 1, 0]) || file.StartsWith<byte>([0, 0, 2, 0]), ToJpeg),
        Picture("OpenEXR", file => file.StartsWith<byte>([0x76, 0x2F, 0x31, 0x01]), ToJpeg),
        Picture("Radiance HDR", file => At(file, 0, "#?RADIANCE") || At(file, 0, "#?RGBE"), ToJpeg),
        Picture("QOI", file => At(file, 0, "qoif"), ToJpeg),
        Picture("DDS", file => At(file, 0, "DDS "), ToJpeg),
        Picture("FITS", file => At(file, 0, "SIMPLE  ="), ToJpeg),
        Picture("GIMP (XCF)", file => At(file, 0, "gimp xcf"), "Export it as JPEG or PNG"),
        Picture("PNM", file => file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'7'
            && file[2] is (byte)'\n' or (byte)'\r' or (byte)' ' or (byte)'\t', ToJpeg),
        Picture("MNG", file => file.StartsWith<byte>([0x8A, (byte)'M', (byte)'N', (byte)'G']), ToJpeg),
        Picture("WBMP", IsWbmp, ToJpeg),
        Other("a file that macOS writes beside the real one (AppleDouble, ._NAME)",
            file => file.StartsWith<byte>([0, 5, 0x16, 7]), "Use the file without '._' in its name"),
        Other("a video (MP4, QuickTime)", file => At(file, 4, "ftyp") || At(file, 4, "moov") || At(file, 4, "mdat")
            || At(file, 4, "wide") || At(file, 4, "free") || At(file, 4, "skip"), Video),
        Other("a video (Matroska, WebM)", file => file.StartsWith<byte>([0x1A, 0x45, 0xDF, 0xA3]), Video),
        Other("a video (AVI)", file => At(file, 0, "RIFF") && At(file, 8, "AVI "), Video),
        Other("a video (MPEG)", file => file.StartsWith<byte>([0, 0, 1, 0xBA]) || file.StartsWith<byte>([0, 0, 1, 0xB3])
            || (file.Length > 376 && file[0] == 0x47 && file[188] == 0x47 && file[376] == 0x47), Video),
        Other("a video (H.264 or H.265)", file => (file.StartsWith<byte>([0, 0, 0, 1]) || file.StartsWith<byte>([0, 0, 1]))
            && file.Length > 5, Video),
        Other("a video (FLV)", file => At(file, 0, "FLV\x01"), Video),
        Other("a sound file", file => (At(file, 0, "RIFF") && At(file, 8, "WAVE")) || At(file, 0, "ID3") || At(file, 0, "OggS")
            || At(file, 0, "fLaC"), "Give the file of a picture"),
        Other("a PDF document", file => At(file, 0, "%PDF-"),
            "Take a picture from it first, for example with 'pdftoppm -jpeg -r 100 FILE page'"),
        Other("a PostScript document", file => At(file, 0, "%!PS") || file.StartsWith<byte>([0xC5, 0xD0, 0xD3, 0xC6]),
            "Convert it to PNG first"),
        Other("compressed with gzip", file => file.StartsWith<byte>([0x1F, 0x8B]), "Unpack it first, for example with 'gunzip'"),
        Other("compressed with bzip2", file => At(file, 0, "BZh"), Unpack),
        Other("compressed with xz", file => file.StartsWith<byte>([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]), Unpack),
        Other("compressed with Zstandard", file => file.StartsWith<byte>([0x28, 0xB5, 0x2F, 0xFD]), Unpack),
        Other("a ZIP archive", file => At(file, 0, "PK\x03\x04") || At(file, 0, "PK\x05\x06"), Unpack),
        Other("a 7z archive", file => file.StartsWith<byte>([(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C]), Unpack),
        Other("a RAR archive", file => At(file, 0, "Rar!\x1A\x07"), Unpack),
        Other("a tar archive", file => At(file, 257, "ustar"), Unpack),
        Other("a SQLite database", file => At(file, 0, "SQLite format 3\0"), "Give the file of a picture"),
        Other("a program", file => file.StartsWith<byte>([0x7F, (byte)'E', (byte)'L', (byte)'F']) || At(file, 0, "MZ\x90\0"),
            "Give the file of a picture"),
        Other("zero bytes only", file => file[..Math.Min(file.Length, 4096)].IndexOfAnyExcept((byte)0) < 0,
            "Its copy or download did not finish; fetch it again"),
    ];

    private const string RawRemedy = "Export it as JPEG, for example with darktable or the camera's own program";

    private readonly Matches _matches;

    private FileKind(string name, Matches matches)
    {
        (Name, _matches) = (name, matches);
    }

    private delegate bool Matches(ReadOnlySpan<byte> file);

    /// <summary>Name of the format for messages: <c>JPEG</c>.</summary>
    public string Name { get; }

    /// <summary>The Skia format; null when it cannot be decoded.</summary>
    public SKEncodedImageFormat? Format { get; private init; }

    /// <summary>Formats that are decoded, for messages.</summary>
    public static string Accepted { get; } =
        string.Join(", ", Pictures.SkipLast(1).Select(it => it.Name)) + " and " + Pictures[^1].Name;

    /// <summary>Why a file of this kind is refused, and the remedy; null when it can be decoded.</summary>
    private string? Refusal { get; init; }

    /// <summary>The kind of a picture that can be decoded.</summary>
    /// <returns>Null for anything else; <see cref="Refuse"/> names what it is.</returns>
    public static FileKind? OfPicture(ReadOnlySpan<byte> file) => Find(Pictures, file);

    /// <summary>Describes a file that cannot be decoded, and what to do.</summary>
    public static string Refuse(ReadOnlySpan<byte> file) => file.IsEmpty
        ? "the file is empty. Its copy or download did not finish; fetch it again"
        : Find(Others, file)?.Refusal
            ?? TextKind.Refuse(file)
            ?? $"not a picture of a known format (it begins with {Convert.ToHexString(file[..Math.Min(file.Length, 8)])}); "
                + $"{Accepted} are accepted";

    private static FileKind Picture(string name, Matches matches, string remedy) =>
        new(name, matches) { Refusal = $"{name} pictures are not supported. {remedy}" };

    private static FileKind Other(string name, Matches matches, string remedy) =>
        new(name, matches) { Refusal = $"not a picture but {name}. {remedy}" };

    private static FileKind? Find(FileKind[] kinds, ReadOnlySpan<byte> file)
    {
        foreach (var kind in kinds)
        {
            if (kind._matches(file))
            {
                return kind;
            }
        }

        return null;
    }

    private static bool At(ReadOnlySpan<byte> file, int offset, string text)
    {
        if (file.Length < offset + text.Length)
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (file[offset + i] != text[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The size of the second header distinguishes it from a text that begins with BM.</summary>
    private static bool IsBmp(ReadOnlySpan<byte> file) => At(file, 0, "BM")
        && (file.Length < 18 || BinaryPrimitives.ReadUInt32LittleEndian(file[14..]) is 12 or 40 or 52 or 56 or 64 or 108 or 124);

    private static bool IsTiff(ReadOnlySpan<byte> file) => At(file, 0, "II*\0") || At(file, 0, "MM\0*")
        || At(file, 0, "II+\0") || At(file, 0, "MM\0+");

    /// <summary>One bit per pixel, without a signature: two zero bytes, then a size that fits the length of the
    /// file.</summary>
    private static bool IsWbmp(ReadOnlySpan<byte> file)
    {
        if (file.Length < 5 || file[0] != 0 || file[1] != 0)
        {
            return false;
        }

        var at = 2;
        return Size(file, ref at) is > 0 and var width && Size(file, ref at) is > 0 and var height
            && file.Length - at == (long)((width + 7) / 8) * height;

        static int Size(ReadOnlySpan<byte> file, ref int at)
        {
            var size = 0;
            for (var i = 0; i < 3 && at < file.Length; i++)
            {
                size = (size << 7) | (file[at] & 0x7F);
                if ((file[at++] & 0x80) == 0)
                {
                    return size;
                }
            }

            return 0;
        }
    }

    /// <summary>The brands of an ISO base media file (ISO/IEC 14496-12, box <c>ftyp</c>). Compatible brands count where the
    /// major one is shared by several formats (<c>mif1</c> is HEIC or AVIF).</summary>
    private static bool IsBrand(ReadOnlySpan<byte> file, params ReadOnlySpan<string> brands)
    {
        if (!At(file, 4, "ftyp") || file.Length < 12)
        {
            return false;
        }

        if (!At(file, 8, "mif1") && !At(file, 8, "msf1"))
        {
            return Matches(file, 8, brands);
        }

        var end = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(file), (uint)Math.Min(file.Length, 256));
        var isAvif = false;
        for (var at = 16; at + 4 <= end; at += 4)
        {
            isAvif |= At(file, at, "avif") || At(file, at, "avis");
        }

        return brands.Contains("avif") ? isAvif : !isAvif && Matches(file, 8, brands);

        static bool Matches(ReadOnlySpan<byte> file, int at, ReadOnlySpan<string> brands)
        {
            foreach (var brand in brands)
            {
                if (At(file, at, brand))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether the first directory of a TIFF file has a tag.</summary>
    private static bool HasTag(ReadOnlySpan<byte> file, int tag)
    {
        var littleEndian = file[0] == 'I';
        if (file.Length < 8 || file[littleEndian ? 2 : 3] != 42)
        {
            return false;
        }

        var offset = littleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) : BinaryPrimitives.ReadUInt32BigEndian(file[4..]);
        if (offset > (uint)file.Length - 2)
        {
            return false;
        }

        var directory = file[(int)offset..];
        var count = Short(directory);
        directory = directory[2..];
        for (var i = 0; i < count && directory.Length >= 12; i++, directory = directory[12..])
        {
            if (Short(directory) == tag)
            {
                return true;
            }
        }

        return false;

        int Short(ReadOnlySpan<byte> from) => littleEndian
            ? BinaryPrimitives.ReadUInt16LittleEndian(from)
            : BinaryPrimitives.ReadUInt16BigEndian(from);
    }
}
