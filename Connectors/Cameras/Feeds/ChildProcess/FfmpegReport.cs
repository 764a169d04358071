using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>Reads ffmpeg's report about a stream from its standard error, line by line: the codec, that packets come, a mark for each
/// frame, and messages for people. One thread brings lines, another one asks for marks.</summary>
/// <param name="attempt">Is notified of packets.</param>
/// <param name="marksAll">Whether each frame has a mark, or only those up to the first key frame.</param>
/// <param name="reportsPackets">Whether ffmpeg was asked to report each packet.</param>
internal sealed partial class FfmpegReport(FeedAttempt attempt, bool marksAll, bool reportsPackets) : IStderrReader
{
    /// <summary>Longest wait for a mark. A mark is written before its frame, so it has been read already or is about to be.</summary>
    private static readonly TimeSpan MarkWait = TimeSpan.FromSeconds(1);

    /// <summary>Decoders that show grey where the key frame before is missing, instead of nothing. (H.264 waits by itself, and
    /// also knows streams that are refreshed bit by bit and never have a key frame.)</summary>
    private static readonly string[] ShowWithoutKey =
        ["hevc", "vvc", "mpeg4", "mpeg2video", "mpeg1video", "h263", "h263p", "flv1", "wmv1", "wmv2", "msmpeg4v3", "vc1", "wmv3"];

    /// <summary>The copy for clips began before the stream had times; it begins again by itself.</summary>
    private const string NoTimesYet = "[error] first pts and dts value must be set";

    /// <summary>Muxers of this command line that do not carry frames.</summary>
    private static readonly string[] OwnOutputs = ["framecrc", "fifo"];

    // A monitor, because a Lock cannot be waited on.
    private readonly Queue<long> _marks = new();
    private string? _codec;
    private bool _keySeen;
    private long _lastNumber = -1;
    private bool _ended;
    private bool _inDescription;

    /// <summary>Whether ffmpeg could not report packets and ended because of that.</summary>
    public bool RefusedPackets { get; private set; }

    public string? Take(string line)
    {
        if (line.StartsWith("0,", StringComparison.Ordinal))
        {
            attempt.PacketArrived();
            return null;
        }

        if (MarkShape().Match(line) is { Success: true } mark)
        {
            Mark(long.Parse(mark.Groups["mark"].Value, CultureInfo.InvariantCulture));
            return null;
        }

        if (_codec is null && VideoStream().Match(line) is { Success: true } stream)
        {
            lock (_marks)
            {
                _codec = stream.Groups["codec"].Value;
            }
        }

        var level = Level().Match(line);
        if (!level.Success)
        {
            // Headers of the packet report, a camera's description, or something that is not ffmpeg's own.
            return _inDescription || line.StartsWith('#') ? null : line;
        }

        _inDescription = line.EndsWith("[verbose] SDP:", StringComparison.Ordinal);
        if (_inDescription)
        {
            attempt.StreamsAnnounced();
            return null;
        }

        if (line.EndsWith("Stream mapping:", StringComparison.Ordinal))
        {
            // The stream was opened, so its first packets came.
            attempt.PacketArrived(reportsMore: reportsPackets);
        }

        if (level.Groups["level"].Value is not ("error" or "fatal" or "panic"))
        {
            return null;
        }

        if (line.EndsWith(NoTimesYet, StringComparison.Ordinal))
        {
            return null;
        }

        // The packet report and the copy for clips are ours; what is wrong with them is not the camera's.
        var part = level.Groups["part"].Value;
        var ours = OwnOutputs.Any(output => part.Contains(output, StringComparison.Ordinal));
        RefusedPackets |= ours;
        return ours ? null : line[level.Length..];
    }

    public void End()
    {
        lock (_marks)
        {
            _ended = true;
            Monitor.PulseAll(_marks);
        }
    }

    /// <summary>Evaluates the report for the next frame.</summary>
    /// <param name="skipped">Frames of the source between the last one and this one.</param>
    /// <returns>False for a frame that is damaged because it needs a key frame that never came.</returns>
    public bool IsUsable(out int skipped)
    {
        skipped = 0;
        if (_keySeen && !marksAll)
        {
            return true;
        }

        if (NextMark() is not { } mark)
        {
            // A frame without its number is delivered all the same.
            return true;
        }

        _keySeen |= mark % 2 == 1;
        var number = (mark / 2) - 1;
        if (!_keySeen && NeedsKey)
        {
            _lastNumber = -1;
            return false;
        }

        // Numbers start again when the stream changes its size.
        skipped = _lastNumber >= 0 && number > _lastNumber ? (int)Math.Min(number - _lastNumber - 1, int.MaxValue) : 0;
        _lastNumber = number;
        return true;
    }

    private bool NeedsKey
    {
        get
        {
            lock (_marks)
            {
                return ShowWithoutKey.Contains(_codec);
            }
        }
    }

    private void Mark(long mark)
    {
        lock (_marks)
        {
            _marks.Enqueue(mark);
            Monitor.PulseAll(_marks);
        }
    }

    private long? NextMark()
    {
        lock (_marks)
        {
            while (_marks.Count == 0 && !_ended && Monitor.Wait(_marks, MarkWait))
            {
            }

            return _marks.TryDequeue(out var mark) ? mark : null;
        }
    }

    // The output of the filter's print(), which names its source in some versions.
    [GeneratedRegex(@"^(\[Eval @ 0x[0-9a-f]+\] )?\[info\] (?<mark>[0-9]{1,15})\.0+$")]
    private static partial Regex MarkShape();

    [GeneratedRegex(@"Stream #[0-9]+:[0-9]+.*: Video: (?<codec>[a-z0-9_]+)")]
    private static partial Regex VideoStream();

    // "[rtsp @ 0x55d3] [error] text" and "[error] text".
    [GeneratedRegex(@"^(\[(?<part>[^\]@]+) @ 0x[0-9a-f]+\] )*\[(?<level>panic|fatal|error|warning|info|verbose|debug|trace)\] ")]
    private static partial Regex Level();
}
