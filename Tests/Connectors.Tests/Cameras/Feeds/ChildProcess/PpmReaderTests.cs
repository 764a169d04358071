using System.Text;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

public sealed class PpmReaderTests
{
    [Fact]
    public void Pictures_of_different_sizes_follow_each_other()
    {
        var reader = Reader("P6\n2 1\n255\nabcdefP6\n1 1\n255\nxyz");
        Assert.Equal("abcdef", Next(reader, 2, 1));
        Assert.Equal("xyz", Next(reader, 1, 1));
        Assert.False(reader.TryReadHeader(out _, out _));
    }

    [Fact]
    public void A_picture_that_comes_in_single_bytes_is_read_whole()
    {
        using var slow = new SingleByteStream(Encoding.Latin1.GetBytes("P6\n2 1\n255\nabcdef"));
        Assert.Equal("abcdef", Next(new PpmReader(slow), 2, 1));
    }

    [Fact]
    public void A_picture_larger_than_the_buffer_is_read_whole()
    {
        var pixels = new string('p', 300 * 200 * 3);
        Assert.Equal(pixels, Next(Reader($"P6\n300 200\n255\n{pixels}"), 300, 200));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("P5\n2 1\n255\nab")]
    [InlineData("P62 1\n255\nabcdef")]
    [InlineData("P6\n# comment\n2 1\n255\nabcdef")]
    [InlineData("P6\n-2 1\n255\nabcdef")]
    [InlineData("P6\n0 1\n255\n")]
    [InlineData("P6\n2x1\n255\nabcdef")]
    [InlineData("P6\n8193 1\n255\n")]
    [InlineData("P6\n1 8193\n255\n")]
    [InlineData("P6\n99999999999999999999 1\n255\n")]
    [InlineData("P6\n00000000000000000000000000000000000000000000000000000000000000002 1\n255\nabcdef")]
    [InlineData("P6\n2 1\n65535\nabcdef")]
    [InlineData("P6\n2 1\n15\nabcdef")]
    public void What_is_not_an_8_bit_picture_of_a_sane_size_is_refused(string stream)
    {
        Assert.Throws<InvalidDataException>(() => Reader(stream).TryReadHeader(out _, out _));
    }

    [Theory]
    [InlineData("P")]
    [InlineData("P6\n2 1\n25")]
    [InlineData("P6\n2 1\n255\nabcde")]
    public void A_stream_that_ends_within_a_picture_is_distinguished_from_one_that_ends_after_it(string stream)
    {
        Assert.Throws<EndOfStreamException>(() => Next(Reader(stream), 2, 1));
    }

    private static PpmReader Reader(string stream) => new(new MemoryStream(Encoding.Latin1.GetBytes(stream)));

    private static string Next(PpmReader reader, int width, int height)
    {
        Assert.True(reader.TryReadHeader(out var readWidth, out var readHeight));
        Assert.Equal((width, height), (readWidth, readHeight));
        var pixels = new byte[width * height * 3];
        reader.ReadPixels(pixels);
        return Encoding.Latin1.GetString(pixels);
    }

    private sealed class SingleByteStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 1)]);
    }
}
