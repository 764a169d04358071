using System.Buffers.Binary;
using System.Text;
using MobileVlm.Edge.Connectors.Images;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Tests.Images;

/// <summary>A camera held sideways writes the picture as its sensor has it, and how to turn it.</summary>
public sealed class ExifOrientationTests
{
    private static readonly string[] Expected = ["AB/CD", "BA/DC", "DC/BA", "CD/AB", "AC/BD", "CA/DB", "DB/CA", "BD/AC"];

    public static TheoryData<string> Carriers =>
    [
        "jpeg", "jpeg little-endian", "png eXIf", "png eXIf behind the pixels", "png eXIf with marker", "png tEXt", "png zTXt", "png iTXt",
        "png iTXt compressed", "png APP1", "webp",
    ];

    [Theory]
    [MemberData(nameof(Carriers))]
    public void All_eight_orientations_are_applied(string carrier)
    {
        for (byte orientation = 1; orientation <= 8; orientation++)
        {
            var picture = ImageCodec.Decode(File(carrier, orientation), carrier);
            Assert.Equal(orientation < 5 ? (64, 32) : (32, 64), (picture.Width, picture.Height));
            Assert.Equal(Expected[orientation - 1], PictureFiles.Letters(picture.Pixels, picture.Width, picture.Height));
        }
    }

    [Theory]
    [InlineData("png eXIf")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    public void Orientation_is_applied_also_where_the_picture_is_scaled_down_and_decoded_in_strips(string carrier)
    {
        // Strips of eight rows.
        var limits = PictureLimits.Local with { MaxWidth = 24, MaxHeight = 40, MaxDecoderBytes = 64 * 4 * 8 * 4 };
        if (carrier == "webp")
        {
            limits = limits with { MaxDecoderBytes = 64 * 1024 };
        }

        for (byte orientation = 1; orientation <= 8; orientation++)
        {
            var picture = ImageCodec.Decode(File(carrier, orientation), carrier, limits);
            Assert.Equal(orientation < 5 ? (24, 12) : (20, 40), (picture.Width, picture.Height));
            Assert.Equal(Expected[orientation - 1], PictureFiles.Letters(picture.Pixels, picture.Width, picture.Height));
        }
    }

    [Fact]
    public void Damaged_exif_leaves_the_picture_as_it_is_stored()
    {
        var good = PictureFiles.Exif(6);
        var damaged = new Dictionary<string, byte[]>
        {
            ["no bytes"] = [],
            ["no TIFF"] = "not a TIFF structure at all"u8.ToArray(),
            ["value 0"] = PictureFiles.Exif(0),
            ["value 9"] = PictureFiles.Exif(9),
            ["value 255"] = PictureFiles.Exif(255),
            ["cut in the entry"] = good[..15],
            ["cut in the header"] = good[..6],
            ["offset outside"] = With(good, 4, 0xFF),
            ["offset at the end"] = With(good, 7, (byte)good.Length),
            ["type BYTE"] = With(good, 13, 1),
            ["two values"] = With(good, 17, 2),
            ["mark of another byte order"] = [.. "II"u8, .. good[2..]],
        };
        foreach (var (fault, exif) in damaged)
        {
            Upright(fault, PictureFiles.Png(64, 32, PictureFiles.Quarters, PictureFiles.Chunk("eXIf", exif)));
            Upright(fault, PictureFiles.Png(64, 32, PictureFiles.Quarters, Text("zTXt", exif)));
        }

        // A chunk that lies about its sum, and texts that are not hexadecimal digits or do not inflate.
        var chunk = PictureFiles.Chunk("eXIf", good);
        Upright("sum", PictureFiles.Png(64, 32, PictureFiles.Quarters, With(chunk, chunk.Length - 1, (byte)(chunk[^1] ^ 1))));
        foreach (var text in new[] { "", "\n", "\nexif\n 8\nzzzz", "\nexif\n8\n4d4", "4d4d" })
        {
            Upright(text, PictureFiles.Png(64, 32, PictureFiles.Quarters, PictureFiles.Chunk(
                "tEXt", [.. "Raw profile type exif\0"u8, .. Encoding.ASCII.GetBytes(text)])));
            Upright(text, PictureFiles.Png(64, 32, PictureFiles.Quarters, PictureFiles.Chunk(
                "zTXt", [.. "Raw profile type exif\0\0"u8, .. Encoding.ASCII.GetBytes(text)])));
        }
    }

    [Fact]
    public void A_damaged_block_does_not_hide_a_good_one()
    {
        byte[] chunks = [.. PictureFiles.Chunk("eXIf", PictureFiles.Exif(77)), .. Text("tEXt", PictureFiles.Exif(3))];
        var picture = ImageCodec.Decode(PictureFiles.Png(64, 32, PictureFiles.Quarters, chunks), "two blocks");
        Assert.Equal("DC/BA", PictureFiles.Letters(picture.Pixels, picture.Width, picture.Height));
    }

    [Fact]
    public void A_text_that_inflates_without_end_takes_little_memory()
    {
        var chunk = PictureFiles.Chunk("zTXt", [.. "Raw profile type exif\0\0"u8, .. PictureFiles.Deflate(new byte[200_000_000])]);
        var png = PictureFiles.Png(64, 32, PictureFiles.Quarters, chunk);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Upright("bomb", png);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }

    private static void Upright(string fault, byte[] png)
    {
        var picture = ImageCodec.Decode(png, fault);
        Assert.Equal("AB/CD", PictureFiles.Letters(picture.Pixels, picture.Width, picture.Height));
    }

    private static byte[] File(string carrier, byte orientation)
    {
        var exif = PictureFiles.Exif(orientation);
        byte[] Png(byte[]? before, byte[]? behind = null) => PictureFiles.Png(64, 32, PictureFiles.Quarters, before, behind);
        return carrier switch
        {
            "jpeg" => Jpeg(exif),
            "jpeg little-endian" => Jpeg([.. "II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]),
            "png eXIf" => Png(PictureFiles.Chunk("eXIf", exif)),
            "png eXIf behind the pixels" => Png(null, PictureFiles.Chunk("eXIf", exif)),
            "png eXIf with marker" => Png(PictureFiles.Chunk("eXIf", [.. "Exif\0\0"u8, .. exif])),
            "png tEXt" => Png(Text("tEXt", exif)),
            "png zTXt" => Png(Text("zTXt", exif)),
            "png iTXt" => Png(PictureFiles.Chunk("iTXt", [.. "Raw profile type exif\0\0\0\0\0"u8, .. PictureFiles.RawProfile(exif)])),
            "png iTXt compressed" => Png(PictureFiles.Chunk(
                "iTXt", [.. "Raw profile type exif\0\u0001\0\0\0"u8, .. PictureFiles.Deflate(PictureFiles.RawProfile(exif))])),
            "png APP1" => Png(PictureFiles.Chunk("tEXt", [.. "Raw profile type APP1\0"u8, .. PictureFiles.RawProfile([.. "Exif\0\0"u8, .. exif])])),
            "webp" => Webp(exif),
            _ => throw new ArgumentOutOfRangeException(nameof(carrier), carrier, null),
        };
    }

    private static byte[] Text(string type, byte[] exif) => PictureFiles.Chunk(type, type == "zTXt"
        ? [.. "Raw profile type exif\0\0"u8, .. PictureFiles.Deflate(PictureFiles.RawProfile(exif))]
        : [.. "Raw profile type exif\0"u8, .. PictureFiles.RawProfile(exif)]);

    private static byte[] Jpeg(byte[] exif)
    {
        var jpeg = ImageCodec.EncodeJpeg(PictureFiles.Quarters, 64, 32, 95);
        byte[] block = [.. "Exif\0\0"u8, .. exif];
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(block.Length + 2), .. block, .. jpeg[2..]];
    }

    /// <summary>The pixels as Skia encodes them, in the extended format with an EXIF chunk.</summary>
    private static byte[] Webp(byte[] exif)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(64, 32, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var i = 0; i < 64 * 32; i++)
        {
            var grey = PictureFiles.Quarters[i * 3];
            bitmap.SetPixel(i % 64, i / 64, new SKColor(grey, grey, grey));
        }

        using var plain = bitmap.Encode(SKEncodedImageFormat.Webp, 100);
        byte[] extended = [.. "VP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, 63, 0, 0, 31, 0, 0];
        byte[] chunk = [.. "EXIF"u8, (byte)exif.Length, 0, 0, 0, .. exif, .. exif.Length % 2 == 1 ? [(byte)0] : Array.Empty<byte>()];
        byte[] file = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBP"u8, .. extended, .. plain.ToArray()[12..], .. chunk];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        var copy = bytes.ToArray();
        copy[at] = value;
        return copy;
    }
}
