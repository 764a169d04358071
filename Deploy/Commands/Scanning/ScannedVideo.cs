using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>What a scan found in one video, possibly in a part of it.</summary>
/// <param name="path">As it was given.</param>
/// <param name="every">Time between two samples.</param>
internal sealed class ScannedVideo(string path, TimeSpan every)
{
    private readonly List<ScannedFrame> _frames = [];

    public string Path => path;

    /// <summary>In the order of their times.</summary>
    public IReadOnlyList<ScannedFrame> Frames => _frames;

    /// <summary>Length of the video; null where it is not known.</summary>
    public TimeSpan? Length { get; set; }

    /// <summary>Why it was not read, or not to its end, as the end of a sentence that begins with its name; null where it was.</summary>
    public string? Error { get; set; }

    /// <summary>Pictures that could not be decoded properly, as the decoder reports them; null where there were none.</summary>
    public string? Damage { get; set; }

    /// <summary>The user ended the scan before the end of this video.</summary>
    public bool IsStopped { get; set; }

    /// <summary>Pictures of samples where an answer changed, as JPEG.</summary>
    public Dictionary<TimeSpan, byte[]> Pictures { get; } = [];

    public bool IsComplete => Error is null && !IsStopped;

    public int ReusedCount => _frames.Count(frame => frame.Reused);

    /// <summary>End of what the samples show.</summary>
    public TimeSpan End => _frames.Count == 0 ? TimeSpan.Zero
        : _frames[^1].Time + every is var end && Length is { } length && length > _frames[^1].Time && length < end ? length
        : _frames[^1].Time + every;

    /// <summary>What kept this from being whole, in a sentence; null where it is.</summary>
    public string? Problem => Error is not null ? $"{path} {Error}"
        : !IsStopped ? null
        : _frames.Count == 0 ? $"{path}: stopped before its first answer."
        : $"{path}: stopped at {DurationText.Time(End)}{(Length is { } length ? $" of {DurationText.Time(TimeSpan.FromSeconds(Math.Ceiling(length.TotalSeconds)))}" : "")}.";

    /// <summary>The file has no times in it.</summary>
    public bool IsWithoutTimes { get; set; }

    /// <summary>What a reader of the answers should know, a sentence each.</summary>
    public IEnumerable<string> Remarks()
    {
        if (IsWithoutTimes)
        {
            yield return $"{path}: the file has no times in it. They are counted at {VideoReader.AssumedRate} pictures per second.";
        }

        if (Damage is not null)
        {
            yield return $"{path}: some pictures are damaged, and the answers about them may be wrong ({Damage}).";
        }
    }

    public void Add(ScannedFrame frame) => _frames.Add(frame);

    /// <summary>The value of an answer in one word or text.</summary>
    public static string ValueOf(ParsedAnswer answer) => answer.Value ?? AnswerWords.Unknown;

    /// <summary>Times of equal values in a row.</summary>
    /// <param name="question">Index of the question.</param>
    public IReadOnlyList<ScanSegment> Segments(int question)
    {
        var segments = new List<ScanSegment>();
        foreach (var frame in _frames)
        {
            var answer = frame.Answers[question];
            if (segments is [.., var last] && last.Value == ValueOf(answer) && last.Reason == answer.Unclear)
            {
                segments[^1] = last.With(answer.Score);
                continue;
            }

            if (segments.Count > 0)
            {
                segments[^1] = segments[^1] with { To = frame.Time };
            }

            segments.Add(new ScanSegment(frame.Time, End, ValueOf(answer), answer.Unclear, answer.Score, answer.Score));
        }

        return segments;
    }
}

/// <summary>A time in which a question has one value.</summary>
/// <param name="From">Time of the first sample.</param>
/// <param name="To">Time of the first sample with another value, or the end.</param>
/// <param name="Value">The value, or <c>unknown</c>.</param>
/// <param name="Reason">Why it is unknown.</param>
/// <param name="LowestScore">Null for answers without a score.</param>
/// <param name="HighestScore">Null for answers without a score.</param>
internal sealed record ScanSegment(
    TimeSpan From, TimeSpan To, string Value, UnknownReason? Reason, double? LowestScore, double? HighestScore)
{
    /// <summary>The same with one more score.</summary>
    public ScanSegment With(double? score) => score is not { } one ? this : this with
    {
        LowestScore = Math.Min(LowestScore ?? one, one),
        HighestScore = Math.Max(HighestScore ?? one, one),
    };
}
