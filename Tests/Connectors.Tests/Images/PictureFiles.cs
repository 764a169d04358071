using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace MobileVlm.Edge.Connectors.Tests.Images;

/// <summary>Small picture files that no tool at hand writes: made byte by byte, or kept here as base64. All of them were
/// drawn for these tests.</summary>
internal static class PictureFiles
{
    /// <summary>A progressive JPEG of 48x32 pixels, 4:4:4, written by libjpeg-turbo through Pillow.</summary>
    public static byte[] ProgressiveJpeg => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCAAgADADAREAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAwQG/8QAGgEBAQEAAwEAAAAAAAAAAAAABAIDAQUGAP/aAAwDAQACEAMQAAABxUTRaH0RRaH+QuSYT+Jr7HZ7QhFNCWhEOPia+w2Qim4S2SX5RDn4ii0NwloS0JbNP//EABkQAAMBAQEAAAAAAAAAAAAAAAABAwISEf/aAAgBAQABBQJTFMUhRFEU0ZwZmc+Cw2KSQsGcHPizIWRTSFgxM491wcCn4KZ//8QAGxEAAwEBAQEBAAAAAAAAAAAAAAECAxFBElH/2gAIAQMBAT8BmydCdSdSNSdGKxaEV0m0idWybFZFdFqTX6To2TZ9kXxEX6RfrJvpOh//xAAmEQABBAECBQUBAAAAAAAAAAABAAIDEQQSIRMiIzFBM0NhcZHB/9oACAECAQE/AQbQZaEFoYlp2I1ot2ydHjNNF39URtRMtTZEcB01ZXFyJfNfSMMUXqFCUe2z9WMbU85gjGnuVjwirKOS950w7BdKHY7lGSQi3HSFhG093FyD8bKd5e/gt7BPl09KLv5K2h5WC3I013PzOX//xAAdEAABAgcAAAAAAAAAAAAAAAAQABEBICEwMVFh/9oACAEBAAY/AreJKDRZNAdX/8QAHxAAAgICAgMBAAAAAAAAAAAAAAERIVFhEDFBcYGR/9oACAEBAAE/IS1mo1CF3Qn54dJGsSzRejsDF++OtCt8TXSVk8DLwM9OJfJRdw6FDJk6KVkDux//2gAMAwEAAgADAAAAEMoFSpJ7nEeZoP/EABsRAAIDAQEBAAAAAAAAAAAAAAABESExEEEg/9oACAEDAQE/EPjxa8H+++08rIHevjOvOC1YuPBWK2IwpGpEgbm6JlVI/8QAIxEAAQMEAgIDAQAAAAAAAAAAAQARITFBUWFxoRCBkbHR8f/aAAgBAgEBPxDwBgLATuQGyB9pgA8P2AI8gekCLcm0SIPpwUSZaxDuvyUxsAm1T8By0Voi4IYrCeA7j2FAWkENZOIiDm7EICgAqjLmbn8GL3cURBWtI6c0HZkFkYC64Oa1JbDO1FARjLQeq9uU6mk+z+DGXegX8ANDeTbmhLInQBvZsPZs5uiMMYBmrMBgDIhi6//EAB8QAAICAgIDAQAAAAAAAAAAAAERACFBYTFRcYGx0f/aAAgBAQABPxBmIyGwxQABABuoWAIeg/keqjlAKHhRiKLTqkQVGswGY1zD1UfQKuIBMhAZhGlosyoOghYZI0xiqPaqiowxU52ZxjbpBICd8QFE9XX5P//Z");

    /// <summary>A HEIC file of 64x64 pixels in red, written by libheif's heif-enc.</summary>
    public static byte[] Heic => Convert.FromBase64String(
        "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAUJtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAFmAAEAAAAAAAAAGgAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEAAGh2YzEAAAAAwmlwcnAAAACkaXBjbwAAAHhodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3BlAAAAAAAAAEAAAABAAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAoMAAAAibWRhdAAAABYoAa8ZgPd8hTf/9/jH/X2r/ikFeLRw");

    /// <summary>64x32 pixels in four greys, A B over C D; <see cref="Letters"/> reads them back.</summary>
    public static byte[] Quarters
    {
        get
        {
            var pixels = new byte[64 * 32 * 3];
            for (var i = 0; i < pixels.Length; i++)
            {
                var (x, y) = (i / 3 % 64, i / 3 / 64);
                pixels[i] = (byte)(40 + (60 * ((x / 32) + (y / 16 * 2))));
            }

            return pixels;
        }
    }

    /// <summary>What <see cref="Quarters"/> has become: AB/CD when it is upright.</summary>
    public static string Letters(byte[] pixels, int width, int height)
    {
        char At(int column, int row)
        {
            var (x, y) = (((column * 2) + 1) * width / 4, ((row * 2) + 1) * height / 4);
            return (char)('A' + ((pixels[((y * width) + x) * 3] - 10) / 60));
        }

        return $"{At(0, 0)}{At(1, 0)}/{At(0, 1)}{At(1, 1)}";
    }

    /// <summary>A TIFF structure with the orientation as its only entry, big-endian.</summary>
    public static byte[] Exif(byte orientation) =>
        [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

    /// <summary>As ImageMagick and exiftool write EXIF into a text.</summary>
    public static byte[] RawProfile(byte[] exif) =>
        Encoding.Latin1.GetBytes($"\nexif\n    {exif.Length}\n{string.Join('\n', Convert.ToHexStringLower(exif).Chunk(72).Select(it => new string(it)))}\n");

    /// <summary>A PNG file with chunks before and behind its pixels.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="before">Chunks, as <see cref="Chunk"/> makes them.</param>
    /// <param name="behind">Chunks.</param>
    public static byte[] Png(int width, int height, byte[] rgb, byte[]? before = null, byte[]? behind = null)
    {
        var rows = new MemoryStream();
        using (var deflater = new ZLibStream(rows, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var y = 0; y < height; y++)
            {
                deflater.WriteByte(0);
                deflater.Write(rgb.AsSpan(y * width * 3, width * 3));
            }
        }

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        return
        [
            0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. before ?? [], .. Chunk("IDAT", rows.ToArray()), .. behind ?? [],
            .. Chunk("IEND", []),
        ];
    }

    public static byte[] Chunk(string type, byte[] data)
    {
        var chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), Crc32.HashToUInt32(chunk.AsSpan(4, data.Length + 4)));
        return chunk;
    }

    public static byte[] Deflate(byte[] data)
    {
        var output = new MemoryStream();
        using (var deflater = new ZLibStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflater.Write(data);
        }

        return output.ToArray();
    }
}
