using System.IO.Compression;
using System.Text;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Tests.Cameras;

namespace MobileVlm.Edge.Connectors.Tests.Images;

/// <summary>What cannot be decoded is named for what it is, with what to do.</summary>
public sealed class FileKindTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    public static TheoryData<string, byte[], string, string> OtherFiles
    {
        get
        {
            var gzip = new MemoryStream();
            using (var stream = new GZipStream(gzip, CompressionLevel.Fastest, leaveOpen: true))
            {
                stream.Write(PictureFiles.ProgressiveJpeg);
            }

            // A TIFF header with one entry, the version of DNG.
            byte[] dng = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0xC6, 1, 0, 4, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0];
            return new()
            {
                { "empty", [], "the file is empty", "fetch it again" },
                { "zeros", new byte[5000], "zero bytes only", "fetch it again" },
                { "noise", [0xA1, 0xB2, 0xC3, 0xD4, 0x01, 0x02, 0x03, 0x04, 0x05], "begins with A1B2C3D401020304", "JPEG, PNG, WebP, GIF and BMP are accepted" },
                { "HEIC", PictureFiles.Heic, "HEIC pictures are not supported", "heif-convert" },
                { "HEIF with a shared brand", Ftyp("mif1", "mif1", "heic"), "HEIC pictures", "heif-convert" },
                { "AVIF with a shared brand", Ftyp("mif1", "mif1", "avif"), "AVIF pictures", "ffmpeg" },
                { "AVIF", Ftyp("avif", "avif", "mif1"), "AVIF pictures", "ffmpeg" },
                { "CR3", Ftyp("crx ", "isom"), "Canon raw (CR3)", "darktable" },
                { "CR2", [.. "II*\0"u8, 16, 0, 0, 0, .. "CR"u8, 2, 0, 0, 0, 0, 0], "Canon raw (CR2)", "darktable" },
                { "DNG", dng, "raw (DNG)", "darktable" },
                { "TIFF, big-endian", [.. "MM\0*"u8, 0, 0, 0, 8, 0, 0], "TIFF pictures are not supported", "ffmpeg" },
                { "JPEG XL", [0xFF, 0x0A, 0xFA, 0x1F], "JPEG XL", "djxl" },
                { "JPEG XL in a container", [0, 0, 0, 0x0C, .. "JXL "u8, 0x0D, 0x0A, 0x87, 0x0A], "JPEG XL", "djxl" },
                { "JPEG 2000", [0, 0, 0, 0x0C, .. "jP  "u8, 0x0D, 0x0A, 0x87, 0x0A], "JPEG 2000", "Convert" },
                { "PSD", [.. "8BPS"u8, 0, 1, 0, 0], "Photoshop (PSD)", "Convert" },
                { "ICO", [0, 0, 1, 0, 1, 0, 16, 16, 0, 0], "icon (ICO)", "Convert" },
                { "WBMP", [0, 0, 9, 2, 0xFF, 0x80, 0xFF, 0x80], "WBMP", "Convert" },
                { "PNM", "P6\n2 2\n255\n............"u8.ToArray(), "PNM", "Convert" },
                { "Apple's PNG", [0x89, .. "PNG\r\n\u001a\n"u8, 0, 0, 0, 4, .. "CgBI"u8, 0x50, 0, 0x20, 2], "CgBI", "revert-iphone" },
                { "AppleDouble", [0, 5, 0x16, 7, 0, 2, 0, 0], "macOS", "without '._'" },
                { "MP4", Ftyp("isom", "isom", "mp42"), "a video (MP4", "-frames:v 1" },
                { "MOV", [0, 0, 0, 8, .. "wide"u8, 0, 0, 0, 0, .. "mdat"u8], "a video (MP4", "source of a camera" },
                { "WebM", [0x1A, 0x45, 0xDF, 0xA3, 1], "a video (Matroska", "-frames:v 1" },
                { "AVI", [.. "RIFF"u8, 0, 0, 0, 0, .. "AVI LIST"u8], "a video (AVI)", "-frames:v 1" },
                { "PDF", "%PDF-1.7\n%âãÏÓ"u8.ToArray(), "a PDF document", "pdftoppm" },
                { "gzip", gzip.ToArray(), "compressed with gzip", "gunzip" },
                { "ZIP", [.. "PK"u8, 3, 4, 20, 0], "a ZIP archive", "Unpack" },
                { "SVG", Encoding.UTF8.GetBytes("<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "SVG", "rsvg-convert" },
                { "HTML", Encoding.UTF8.GetBytes("<!DOCTYPE html>\n<html><head><title>Log in\n to\u001b[31m the camera</title>"), "a web page (HTML) with the title 'Log in to", "check user and password" },
                { "HTML behind a comment", Encoding.UTF8.GetBytes("\ufeff  <!-- nginx -->\n<HTML><BODY>401"), "a web page (HTML)", "log-in page" },
                { "HTML in Latin-1", [.. "<html><body>Zugriff verweigert f"u8, 0xFC, .. "r Sie"u8], "a web page (HTML)", "log-in page" },
                { "HTML in UTF-16", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("<html><title>Fehler</title>")], "title 'Fehler'", "log-in page" },
                { "JSON", "{\"error\": \"unauthorized\"}"u8.ToArray(), "JSON ('{\"error\": \"unauthorized\"}')", "error of a server" },
                { "XML", "<?xml version=\"1.0\"?><ResponseStatus><statusCode>4</statusCode>"u8.ToArray(), "XML", "statusCode" },
                { "text", "Unauthorized\r\n"u8.ToArray(), "text ('Unauthorized')", "text" },
                { "text that begins with BM", "BM is short for basal metabolism"u8.ToArray(), "text ('BM is short", "text" },
                { "HTTP", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), "an HTTP answer", "401 Unauthorized" },
                { "multipart", "--frame\r\nContent-Type: image/jpeg\r\n\r\n"u8.ToArray(), "MJPEG", "source of a camera" },
                { "base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(PictureFiles.ProgressiveJpeg)), "base64", "base64 -d" },
                { "data URL", "data:image/png;base64,iVBORw0KGgo="u8.ToArray(), "base64", "without a beginning" },
                { "Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:0"u8.ToArray(), "Git LFS", "git lfs pull" },
                { "address", "https://10.0.0.5/snapshot.jpg\n"u8.ToArray(), "a text with an address", "Download" },
            };
        }
    }

    [Theory]
    [MemberData(nameof(OtherFiles))]
    public void A_file_that_is_not_a_picture_is_named_with_a_remedy(string what, byte[] file, string name, string remedy)
    {
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Decode(file, what));
        Assert.Contains(name, fault.Fault, StringComparison.Ordinal);
        Assert.Contains(remedy, fault.Fault, StringComparison.Ordinal);
        Assert.DoesNotContain(fault.Message, char.IsControl);
        Assert.Equal($"{what}: {fault.Fault}", fault.Message);
    }

    [Theory]
    [InlineData("a.tiff", "TIFF")]
    [InlineData("a.avif", "AVIF")]
    [InlineData("a.mp4", "a video (MP4")]
    [InlineData("a.ts", "a video (MPEG)")]
    [InlineData("a.ppm", "PNM")]
    [InlineData("a.jp2", "JPEG 2000")]
    public void What_ffmpeg_writes_is_named_too(string name, string expected)
    {
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Read(_files.Picture(name)));
        Assert.Contains(expected, fault.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_is_recognised_by_its_content_under_any_name()
    {
        File.Move(_files.Picture("a.png"), _files["a.jpg"]);
        Assert.Equal(64, ImageCodec.Read(_files["a.jpg"]).Width);
        Assert.Contains("a PNG picture whose header is damaged", Assert.Throws<ImageFileException>(
            () => ImageCodec.Decode(File.ReadAllBytes(_files["a.jpg"]).AsSpan(0, 20), "cut")).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_named()
    {
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Read(_files.Folder));
        Assert.Equal("a folder, not a picture file", fault.Fault);
    }

    [Fact]
    public void The_first_frame_of_an_animation_is_taken()
    {
        CameraFiles.Ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5", "-frames:v", "5", _files["a.gif"]);
        var first = CameraFiles.Ffmpeg("-i", _files["a.gif"], "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1");
        Assert.Equal(first, ImageCodec.Read(_files["a.gif"]).Pixels);
    }

    private static byte[] Ftyp(string major, params string[] compatible) =>
    [
        0, 0, 0, (byte)(16 + (compatible.Length * 4)), .. "ftyp"u8, .. Encoding.ASCII.GetBytes(major), 0, 0, 0, 0,
        .. Encoding.ASCII.GetBytes(string.Concat(compatible)), 0, 0, 0, 8, .. "meta"u8,
    ];
}
