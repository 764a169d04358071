using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>The document that <c>eval --json</c> prints.</summary>
internal sealed record EvaluationDocument
{
    public required string Benchmark { get; init; }

    /// <summary>Items that were scored.</summary>
    public required int Items { get; init; }

    public required IReadOnlyDictionary<string, double> Scores { get; init; }

    /// <summary>95 % interval of <see cref="PublishedScore"/>; null where that score is absent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ScoreInterval? Interval { get; init; }

    public required string Model { get; init; }

    public required string Precision { get; init; }

    public required string PublishedScore { get; init; }

    public required string IntervalMethod { get; init; }

    /// <summary>Fingerprint of the model's files.</summary>
    public required string ModelHash { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>How pictures became squares: <c>padded</c> or <c>cropped</c>.</summary>
    public required string Pictures { get; init; }

    /// <summary>Null where all items were asked.</summary>
    public SampleDocument? Sample { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Yes/no from the logits; null for other benchmarks.</summary>
    public LogitsDocument? Logits { get; init; }

    public CompareDocument? Compare { get; init; }
}

/// <param name="Limit">Largest number of items.</param>
/// <param name="Seed">Chose them.</param>
/// <param name="Of">Number of all items.</param>
internal sealed record SampleDocument(int Limit, int Seed, int Of);

/// <param name="Accuracy">Share of right answers, read from the logits.</param>
/// <param name="Differing">Number of items where the text gives another answer.</param>
/// <param name="DifferingIds">Those items.</param>
/// <param name="MeanMass">Mean probability of the six yes/no tokens.</param>
/// <param name="CalibrationError">Expected calibration error, ten bins.</param>
/// <param name="Bins">Those bins.</param>
internal sealed record LogitsDocument(
    double Accuracy, int Differing, IReadOnlyList<string> DifferingIds, double MeanMass, double CalibrationError, IReadOnlyList<CalibrationBin> Bins)
{
    public static LogitsDocument? Of(YesNoCalibration? found) => found is null ? null : new(
        found.Accuracy, found.Differing.Count, found.Differing, found.MeanMass, found.CalibrationError, found.Bins);
}

/// <summary>The second model, and how its answers differ.</summary>
internal sealed record CompareDocument
{
    public required string Model { get; init; }

    public required string Precision { get; init; }

    public required string ModelHash { get; init; }

    public required IReadOnlyDictionary<string, double> Scores { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ScoreInterval? Interval { get; init; }

    public LogitsDocument? Logits { get; init; }

    /// <summary>Items whose text differs.</summary>
    public required int Changed { get; init; }

    /// <summary>Items that the second model scores higher.</summary>
    public required int ToRight { get; init; }

    /// <summary>Items that the second model scores lower.</summary>
    public required int ToWrong { get; init; }

    /// <summary>Exact McNemar test, two-sided.</summary>
    public required double P { get; init; }

    public required IReadOnlyList<string> ChangedIds { get; init; }

    public required IReadOnlyList<string> ToRightIds { get; init; }

    public required IReadOnlyList<string> ToWrongIds { get; init; }
}

[JsonSerializable(typeof(EvaluationDocument))]
internal sealed partial class EvaluationJson : JsonSerializerContext
{
    /// <summary>One document of one line.</summary>
    public static EvaluationJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
