using MobileVlm.Edge.Connectors.Cameras.Feeds.Http;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Http;

public sealed class JpegSplitterTests
{
    [Fact]
    public void Pictures_are_the_same_however_the_stream_is_cut()
    {
        var random = new Random(7);
        var pictures = Enumerable.Range(0, 6).Select(number => Jpeg(random, 8 + (number * 40))).ToArray();
        var thumbnail = WithThumbnail(pictures[2], pictures[0]);
        byte[][] sent = [.. pictures, thumbnail];
        var stream = sent.SelectMany(picture => Between(random).Concat(picture)).ToArray();
        for (var run = 0; run < 200; run++)
        {
            using var splitter = new JpegSplitter(Answer(new CutStream(stream, random, run < 3 ? 1 : 1 + (run * 37))));
            foreach (var picture in sent)
            {
                Assert.True(splitter.Next(CancellationToken.None).SequenceEqual(picture), $"run {run}");
            }

            Assert.True(splitter.Next(CancellationToken.None).IsEmpty);
        }
    }

    [Fact]
    public void A_picture_without_its_end_goes_up_to_the_next_one()
    {
        var random = new Random(8);
        var (whole, endless) = (Jpeg(random, 40), Jpeg(random, 40)[..^2]);
        using var splitter = new JpegSplitter(Answer(new MemoryStream([.. endless, .. whole, .. endless])));
        Assert.True(splitter.Next(CancellationToken.None).SequenceEqual(endless));
        Assert.True(splitter.Next(CancellationToken.None).SequenceEqual(whole));
        Assert.True(splitter.Next(CancellationToken.None).SequenceEqual(endless));
    }

    [Fact]
    public void Restart_markers_fill_bytes_and_several_scans_are_inside_a_picture()
    {
        byte[] picture =
        [
            0xFF, 0xD8, 0xFF, 0xFF, 0xDD, 0, 4, 0, 1,
            0xFF, 0xDA, 0, 3, 1, 0x12, 0xFF, 0, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD7, 0x78,
            0xFF, 0xC4, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 0x9A, 0xFF, 0xD9,
        ];
        using var splitter = new JpegSplitter(Answer(new MemoryStream([1, 2, .. picture, 3, .. picture, 4])));
        Assert.True(splitter.Next(CancellationToken.None).SequenceEqual(picture));
        Assert.True(splitter.Next(CancellationToken.None).SequenceEqual(picture));
        Assert.True(splitter.Next(CancellationToken.None).IsEmpty);
    }

    [Fact]
    public void Any_damage_ends_and_needs_no_more_memory_than_the_limit()
    {
        var random = new Random(9);
        var stream = Enumerable.Range(0, 20).SelectMany(_ => Jpeg(random, 60)).ToArray();
        for (var run = 0; run < 500; run++)
        {
            var damaged = (byte[])stream.Clone();
            for (var fault = 0; fault < 20; fault++)
            {
                damaged[random.Next(damaged.Length)] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(256));
            }

            using var splitter = new JpegSplitter(Answer(new MemoryStream(damaged)));
            var (found, bytes) = (0, 0L);
            while (splitter.Next(CancellationToken.None) is { IsEmpty: false } picture)
            {
                found++;
                bytes += picture.Length;
            }

            Assert.InRange(found, 1, 60);
            Assert.InRange(bytes, 1, damaged.Length);
        }
    }

    [Fact]
    public void A_picture_that_does_not_end_is_refused_at_the_limit()
    {
        var random = new Random(10);
        var picture = Jpeg(random, 40);
        using var splitter = new JpegSplitter(Answer(new EndlessStream(picture[..^2])));
        var fault = Assert.Throws<InvalidDataException>(() => splitter.Next(CancellationToken.None).Length);
        Assert.Contains("32 MiB", fault.Message, StringComparison.Ordinal);
    }

    private static HttpCameraResponse Answer(Stream body) => new(
        new HttpResponseMessage { Content = new StreamContent(body) }, new ReceiveBuffer());

    private static byte[] Jpeg(Random random, int side)
    {
        var pixels = new byte[side * side * 3];
        random.NextBytes(pixels);
        return ImageCodec.EncodeJpeg(pixels, side, side, 90);
    }

    /// <summary>Text of all sorts, in which a picture never begins.</summary>
    private static byte[] Between(Random random)
    {
        var bytes = new byte[random.Next(100)];
        random.NextBytes(bytes);
        return [.. bytes.Select(value => (byte)(value & 0x7F))];
    }

    /// <summary>With another whole picture in a segment of its header, as EXIF has it.</summary>
    private static byte[] WithThumbnail(byte[] picture, byte[] thumbnail)
    {
        var length = thumbnail.Length + 2;
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. thumbnail, .. picture.Skip(2)];
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class CutStream(byte[] bytes, Random random, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span[..Math.Min(buffer.Length, 1 + random.Next(most))]));
    }

    /// <summary>A picture whose data never ends.</summary>
    private sealed class EndlessStream(byte[] start) : MemoryStream(start)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < Length)
            {
                return ValueTask.FromResult(Read(buffer.Span));
            }

            buffer.Span.Fill(0x55);
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
