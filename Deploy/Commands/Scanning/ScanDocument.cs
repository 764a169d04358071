using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>The document that <c>scan --json</c> prints; for several videos an array of them.</summary>
/// <param name="Video">As it was given.</param>
/// <param name="Frames">One for each sample.</param>
internal sealed record ScanDocument(string Video, IReadOnlyList<ScanFrameDocument> Frames)
{
    /// <summary>False where the video was not read to its end; absent otherwise.</summary>
    public bool? Complete { get; init; }

    /// <summary>Why not.</summary>
    public string? Error { get; init; }

    public static ScanDocument Of(ScannedVideo video, IReadOnlyList<StandingQuestion> questions) => new(
        video.Path,
        [
            .. video.Frames.Select(frame => new ScanFrameDocument(
                Math.Round(frame.Time.TotalSeconds, 3),
                frame.Reused,
                [.. questions.Zip(frame.Answers, (question, answer) => ScanAnswerDocument.Of(question.Text, answer))])),
        ])
    {
        Complete = video.IsComplete ? null : false,
        Error = video.Problem,
    };
}

/// <param name="T">Presentation time in seconds.</param>
/// <param name="Reused">The scene was unchanged, so the answers are those of an earlier sample.</param>
/// <param name="Answers">In the order of the questions.</param>
internal sealed record ScanFrameDocument(double T, bool Reused, IReadOnlyList<ScanAnswerDocument> Answers);

/// <param name="Question">As it was given.</param>
/// <param name="Value"><c>yes</c>, <c>no</c>, a choice, a number, the text, or <c>unknown</c>.</param>
internal sealed record ScanAnswerDocument(string Question, string Value)
{
    /// <summary>Probability of yes, or of the choice; null for other kinds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Score { get; init; }

    /// <summary>Probability of all accepted words together.</summary>
    public double? Mass { get; init; }

    /// <summary>Probability of each choice.</summary>
    public OrderedDictionary<string, double>? Scores { get; init; }

    /// <summary>Why the value is unknown; absent where it is known.</summary>
    public string? Reason { get; init; }

    public static ScanAnswerDocument Of(string question, ParsedAnswer answer) => new(question, ScannedVideo.ValueOf(answer))
    {
        Score = Rounded(answer.Score),
        Mass = Rounded(answer.Mass),
        Scores = answer.Choices.Count == 0 ? null : new(answer.Choices.Select(choice => KeyValuePair.Create(choice.Key, Math.Round(choice.Value, 6)))),
        Reason = answer.Unclear?.ToText(),
    };

    private static double? Rounded(double? share) => share is { } it ? Math.Round(it, 6) : null;
}

[JsonSerializable(typeof(ScanDocument))]
[JsonSerializable(typeof(IReadOnlyList<ScanDocument>))]
internal sealed partial class ScanDocumentJson : JsonSerializerContext
{
    /// <summary>Writes text as readable characters instead of \u escapes.</summary>
    public static ScanDocumentJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
