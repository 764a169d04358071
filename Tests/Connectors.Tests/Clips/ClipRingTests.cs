using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Clips;

namespace MobileVlm.Edge.Connectors.Tests.Clips;

public sealed class ClipRingTests
{
    private static readonly ClipSettings Settings = new() { Before = TimeSpan.FromSeconds(2), After = TimeSpan.FromSeconds(2) };

    private readonly FakeTimeProvider _time = new();
    private readonly ClipRing _ring;

    public ClipRingTests() => _ring = new ClipRing(Settings, _time);

    [Fact]
    public void A_cut_begins_with_the_key_frame_before_its_time_and_ends_with_its_time()
    {
        var stream = Begin();
        Send(stream, seconds: 12, keyEvery: 4);
        var clip = Cut(from: 5, at: 7, to: 9)!;
        Assert.Equal(ClipCodec.H264, clip.Codec);

        // Tables first, then the frames of seconds 4 to 9, of two packets each.
        Assert.Equal(TestStream.Tables, clip.Parts[0].ToArray());
        Assert.Equal([4, 5, 6, 7, 8, 9], Seconds(clip));
        Assert.Equal(2 * 6 * TestStream.PacketBytes, clip.Parts.Skip(1).Sum(part => part.Length));
        Assert.Null(_ring.MissingReason);
    }

    [Fact]
    public void A_cut_of_a_time_that_is_partly_gone_or_to_come_has_what_there_is()
    {
        var stream = Begin();
        Send(stream, seconds: 3, keyEvery: 2);
        Assert.Equal([0, 1, 2], Seconds(Cut(from: -10, at: 1, to: 20)!));
        Assert.Equal([0, 1], Seconds(Cut(from: -10, at: -1, to: 1)!));
        Assert.Null(Cut(from: -10, at: -5, to: -1));
        Assert.Null(Cut(from: 10, at: 11, to: 12));
    }

    [Fact]
    public void A_cut_does_not_join_two_connections_of_a_camera()
    {
        var first = Begin();
        Send(first, seconds: 3, keyEvery: 1);
        var second = Begin();
        Send(second, seconds: 3, keyEvery: 1, from: 3);
        Assert.Equal([1, 2], Seconds(Cut(from: 1, at: 2, to: 5)!));
        Assert.Equal([3, 4, 5], Seconds(Cut(from: 1, at: 4, to: 5)!));
    }

    [Fact]
    public void A_moment_between_two_connections_shows_the_new_one_or_the_end_of_the_old_one()
    {
        Send(Begin(), seconds: 3, keyEvery: 1);
        _time.Advance(TimeSpan.FromSeconds(3));
        Send(Begin(), seconds: 3, keyEvery: 1, from: 6);
        Assert.Equal([6, 7, 8], Seconds(Cut(from: 2, at: 4, to: 8)!));
        Assert.Equal([2], Seconds(Cut(from: 2, at: 4, to: 5)!));
        Assert.Null(Cut(from: 3, at: 4, to: 5));
    }

    [Fact]
    public void Only_the_length_of_the_ring_is_held_and_the_key_frame_before_it()
    {
        Send(Begin(), seconds: 100, keyEvery: 5);
        var all = Seconds(Cut(from: 0, at: 99, to: 100)!);
        Assert.Equal(99, all[^1]);

        // 24 s are held; the segment in which they begin stays whole.
        Assert.InRange(all.Count, 24, 30);
        Assert.Equal(0, all[0] % 5);
    }

    [Fact]
    public void More_bytes_than_the_ring_holds_push_the_oldest_out_and_never_grow_it()
    {
        var ring = new ClipRing(Settings with { MaxRingBytes = 20 * TestStream.PacketBytes }, _time);
        var stream = ring.BeginStream();
        stream.Write(TestStream.Tables);
        for (var second = 0; second < 200; second++)
        {
            // The last part has no key frame at all: a segment alone may be too large too.
            stream.Write(TestStream.Frame(second, isKey: second < 100 && second % 3 == 0));
            Assert.InRange(ring.Bytes, 0, 20 * TestStream.PacketBytes);
            _time.Advance(TimeSpan.FromMilliseconds(40));
        }

        Assert.NotNull(ring.MissingReason);
        stream.Write(TestStream.Frame(200, isKey: true));
        Assert.Null(ring.MissingReason);
    }

    [Fact]
    public void Packets_may_come_in_any_pieces()
    {
        var stream = _ring.BeginStream();
        byte[] all = [.. TestStream.Tables, .. TestStream.Frame(0, isKey: true), .. TestStream.Frame(1, isKey: false)];
        foreach (var piece in all.Chunk(7))
        {
            stream.Write(piece);
        }

        Assert.Equal([0, 1], Seconds(Cut(from: 0, at: 0, to: 1)!));
    }

    [Theory]
    [InlineData(0x24, true)]
    [InlineData(0x1B, true)]
    [InlineData(0x06, false)]
    [InlineData(0x02, false)]
    public void Only_codecs_that_players_know_are_copied(byte type, bool isCopied)
    {
        var stream = _ring.BeginStream();
        stream.Write(TestStream.TablesOf(type));
        stream.Write(TestStream.Frame(0, isKey: true));
        Assert.Equal(isCopied, _ring.MissingReason is null);
        Assert.Equal(!isCopied, _ring.MissingReason?.Contains("neither H.264 nor H.265", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void Garbage_is_refused_and_what_came_before_stays()
    {
        var stream = Begin();
        Send(stream, seconds: 1, keyEvery: 1);
        stream.Write(new byte[1000]);
        stream.Write(TestStream.Frame(1, isKey: true));
        Assert.Equal([0], Seconds(Cut(from: 0, at: 0, to: 5)!));

        // Whatever the bytes are, nothing is thrown and nothing grows.
        var random = new Random(4711);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(1, 600)];
            random.NextBytes(bytes);
            for (var at = 0; at < bytes.Length; at += TestStream.PacketBytes)
            {
                bytes[at] = 0x47;
            }

            _ring.BeginStream().Write(bytes);
        }

        Assert.InRange(_ring.Bytes, 0, 4 * TestStream.PacketBytes);
    }

    [Fact]
    public void A_camera_that_is_recorded_no_longer_holds_no_memory()
    {
        var rings = new ClipRings(Settings, _time);
        var stream = rings.Of("gate").BeginStream();
        stream.Write(TestStream.Tables);
        stream.Write(TestStream.Frame(0, isKey: true));
        var ring = rings.Find("gate")!;
        Assert.True(ring.Bytes > 0);
        rings.Keep(["yard"]);
        stream.Write(TestStream.Frame(1, isKey: false));
        Assert.Equal(0, ring.Bytes);
        Assert.Null(rings.Find("gate"));
    }

    private TransportStreamWriter Begin()
    {
        var stream = _ring.BeginStream();
        stream.Write(TestStream.Tables);
        return stream;
    }

    private void Send(TransportStreamWriter stream, int seconds, int keyEvery, int from = 0)
    {
        for (var second = from; second < from + seconds; second++)
        {
            stream.Write(TestStream.Frame(second, isKey: (second - from) % keyEvery == 0));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private CutClip? Cut(int from, int at, int to)
    {
        var begin = _time.GetTimestamp() - (long)((_time.GetUtcNow() - _start).TotalSeconds * _time.TimestampFrequency);
        return _ring.Cut(begin + (from * _time.TimestampFrequency), begin + (at * _time.TimestampFrequency), begin + (to * _time.TimestampFrequency));
    }

    private readonly DateTimeOffset _start = new FakeTimeProvider().GetUtcNow();

    private static List<int> Seconds(CutClip clip) => [.. clip.Parts.Skip(1).SelectMany(part => TestStream.SecondsOf(part.Span))];
}

/// <summary>Packets of an MPEG transport stream as ffmpeg's muxer writes them.</summary>
internal static class TestStream
{
    public const int PacketBytes = 188;

    private const int MapPid = 0x1000;
    private const int VideoPid = 0x100;

    public static byte[] Tables { get; } = TablesOf(0x1B);

    /// <summary>The tables of a stream of one type of video.</summary>
    public static byte[] TablesOf(byte type) =>
    [
        .. Section(0, [0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xE0 | (MapPid >> 8), MapPid & 0xFF, 0, 0, 0, 0]),
        .. Section(MapPid, [2, 0xB0, 18, 0, 1, 0xC1, 0, 0, 0xE0 | (VideoPid >> 8), VideoPid & 0xFF, 0xF0, 0, type, 0xE0 | (VideoPid >> 8), VideoPid & 0xFF, 0xF0, 0, 0, 0, 0, 0]),
    ];

    /// <summary>Two packets of a frame, with its number in the first.</summary>
    public static byte[] Frame(int number, bool isKey)
    {
        var first = Packet(VideoPid, begins: true);
        (first[3], first[4], first[5]) = (0x30, 7, (byte)(isKey ? 0x50 : 0x10));
        (first[20], first[21]) = ((byte)(number >> 8), (byte)number);
        return [.. first, .. Packet(VideoPid, begins: false)];
    }

    /// <summary>The numbers of the frames that begin in some packets.</summary>
    public static List<int> SecondsOf(ReadOnlySpan<byte> packets)
    {
        var found = new List<int>();
        for (var at = 0; at < packets.Length; at += PacketBytes)
        {
            if ((packets[at + 1] & 0x40) != 0)
            {
                found.Add((packets[at + 20] << 8) | packets[at + 21]);
            }
        }

        return found;
    }

    private static byte[] Section(int pid, byte[] section)
    {
        var packet = Packet(pid, begins: true);
        packet[4] = 0;
        section.CopyTo(packet, 5);
        return packet;
    }

    private static byte[] Packet(int pid, bool begins)
    {
        var packet = new byte[PacketBytes];
        packet.AsSpan().Fill(0xFF);
        (packet[0], packet[1], packet[2], packet[3]) = (0x47, (byte)((begins ? 0x40 : 0) | (pid >> 8)), (byte)pid, 0x10);
        return packet;
    }
}
