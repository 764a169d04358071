using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Inference.Teaching.Files;

/// <summary>A question that was learned from labelled pictures, as a file holds it. It belongs to one model, one question text and one
/// region.</summary>
public sealed record TaughtQuestion
{
    /// <summary>Version of the format that this program writes and reads.</summary>
    public const int CurrentVersion = 1;

    [JsonPropertyName("v")]
    public required int Version { get; init; }

    /// <summary>Program and version that wrote the file.</summary>
    public required string CreatedBy { get; init; }

    public required TaughtModel Model { get; init; }

    public required TaughtText Question { get; init; }

    /// <summary>Number of labels of each answer.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>Which scorer the labels chose.</summary>
    public required ScorerKind Chosen { get; init; }

    public required AccuracyEstimate Estimate { get; init; }

    /// <summary>The chosen scorer; null for the model's own score.</summary>
    public TaughtHead? Head { get; init; }

    /// <summary>A head that needs no decoder; null where there is none.</summary>
    public TaughtEncoder? Encoder { get; init; }

    /// <summary>What the labelled pictures looked like; null in files of earlier versions, and where pictures cannot be compared.</summary>
    public LabelReference? Reference { get; init; }

    /// <summary>Describes what was learned.</summary>
    /// <param name="createdBy">Program and version.</param>
    /// <param name="model">The model with which it was learned.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="result">What was learned.</param>
    /// <param name="labels">Number of labels of each answer.</param>
    public static TaughtQuestion Of(
        string createdBy, ModelManifest model, TaughtText question, TeachingResult result, IReadOnlyDictionary<string, int> labels)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new TaughtQuestion
        {
            Version = CurrentVersion,
            CreatedBy = createdBy,
            Model = TaughtModel.Of(model),
            Question = question,
            Labels = labels,
            Chosen = result.Chosen,
            Estimate = result.Estimate,
            Head = result.Head is { } head ? TaughtHead.Of(head) : null,
            Encoder = result.Encoder is { } encoder ? new TaughtEncoder(TaughtHead.Of(encoder.Head), encoder.Estimate, encoder.UnsureMargin) : null,
            Reference = result.Reference,
        };
    }

    /// <summary>The scorer for a way to answer.</summary>
    public TaughtScorer ToScorer(TaughtAnswerer answerer) =>
        new(Head?.ToLinearHead(), Encoder?.Head.ToLinearHead(), Encoder?.UnsureMargin ?? 0, answerer) { Reference = Reference };
}

/// <summary>The model that a question was taught with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Precision">Of its parts, for people.</param>
/// <param name="Files">SHA-256 over the checksums of its files.</param>
public sealed record TaughtModel(string Name, string Precision, string Files)
{
    /// <summary>Describes a model folder.</summary>
    public static TaughtModel Of(ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var precision = manifest.Precision;
        string?[] parts = [precision.Vision, precision.Decoder, precision.Head, precision.Prefill, precision.Activations];
        var files = string.Join('\n', manifest.Files.OrderBy(file => file.Path, StringComparer.Ordinal).Select(file => $"{file.Path} {file.Sha256}"));
        return new TaughtModel(
            manifest.Name,
            string.Join(", ", parts.OfType<string>()),
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(files))));
    }
}

/// <summary>What was asked.</summary>
/// <param name="Text">The question as the model read it, its suffix included.</param>
/// <param name="Choices">The choices; empty for yes/no.</param>
/// <param name="Region">The part of the picture; null for all of it.</param>
public sealed record TaughtText(string Text, IReadOnlyList<string> Choices, string? Region);

/// <summary>A linear head.</summary>
/// <param name="Terms">Weights of each feature.</param>
/// <param name="ScoreWeights">[outputs][scores] of the model's own scores; empty where they are not used.</param>
/// <param name="Bias">[outputs].</param>
public sealed record TaughtHead(IReadOnlyList<TaughtTerm> Terms, IReadOnlyList<double[]> ScoreWeights, IReadOnlyList<double> Bias)
{
    /// <summary>Describes a head.</summary>
    public static TaughtHead Of(LinearHead head) => new(
        [.. head.Terms.Select(term => new TaughtTerm(Features.FeatureGroups.ToName(term.Feature), term.Weights))], head.ScoreWeights, head.Bias);

    internal LinearHead ToLinearHead() => new(
        [.. Terms.Select(term => new HeadTerm(Features.FeatureGroups.Find(term.Feature)!.Value, term.Weights))], ScoreWeights, Bias);
}

/// <summary>Weights of one feature.</summary>
/// <param name="Feature">Its name.</param>
/// <param name="Weights">[outputs][width].</param>
public sealed record TaughtTerm(string Feature, IReadOnlyList<float[]> Weights);

/// <summary>A head on the visual tokens.</summary>
/// <param name="Head">The head.</param>
/// <param name="Estimate">Its accuracy on other pictures.</param>
/// <param name="UnsureMargin">Below this a cascade asks the decoder.</param>
public sealed record TaughtEncoder(TaughtHead Head, AccuracyEstimate Estimate, double UnsureMargin);

/// <summary>A file is no taught question, or belongs to another model or question.</summary>
public sealed class TaughtFileException(string path, string reason) : Exception($"'{path}': {reason}")
{
    /// <summary>The reason, as a sentence.</summary>
    public string Reason { get; } = reason;
}

[JsonSourceGenerationOptions(
    WriteIndented = false,
    MaxDepth = 12,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TaughtQuestion))]
internal sealed partial class TaughtJson : JsonSerializerContext;
