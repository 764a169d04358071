using System.Security.Cryptography;
using System.Text.Json;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Teaching.Files;

/// <summary>Reads and writes files of taught questions, and compares them with a model and a question.</summary>
public static class TaughtFile
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    private const double LargestNumber = 1e9;

    /// <summary>Writes a file; an existing one is replaced at once or not at all.</summary>
    public static void Write(string path, TaughtQuestion question)
    {
        var partial = path + ".partial";
        File.WriteAllBytes(partial, JsonSerializer.SerializeToUtf8Bytes(question, TaughtJson.Default.TaughtQuestion));
        File.Move(partial, path, overwrite: true);
    }

    /// <summary>Reads a file and checks that it is complete.</summary>
    /// <exception cref="TaughtFileException">It does not exist, is too large, or is not such a file.</exception>
    public static TaughtQuestion Read(string path) => Read(path, out _);

    /// <inheritdoc cref="Read(string)"/>
    /// <param name="path">The file.</param>
    /// <param name="digest">SHA-256 of its content, in hexadecimal digits.</param>
    public static TaughtQuestion Read(string path, out string digest)
    {
        TaughtQuestion question;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw new TaughtFileException(path, "it does not exist. 'mobilevlm teach --out FILE' makes one.");
            }

            if (file.Length > MaxBytes)
            {
                throw new TaughtFileException(path, $"it has {file.Length} bytes; at most {MaxBytes} are read. It is not a file of 'mobilevlm teach'.");
            }

            if (file.Length == 0)
            {
                // Also devices and pipes, which might never end.
                throw new TaughtFileException(path, "it is empty. Teach the question again.");
            }

            var content = File.ReadAllBytes(path);
            digest = Convert.ToHexStringLower(SHA256.HashData(content));
            using var json = JsonDocument.Parse(content, new JsonDocumentOptions { MaxDepth = 12 });
            CheckVersion(path, json.RootElement);
            question = json.Deserialize(TaughtJson.Default.TaughtQuestion) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException fault)
        {
            throw new TaughtFileException(path, $"it is not a file of 'mobilevlm teach' ({fault.Message}). Teach the question again.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TaughtFileException(path, $"it cannot be read: {fault.Message}");
        }

        return FindDefect(question) is { } defect
            ? throw new TaughtFileException(path, $"{defect} Teach the question again.")
            : question;
    }

    /// <summary>Why a taught question does not belong to a model and a question; null when it does.</summary>
    /// <param name="taught">Read from a file.</param>
    /// <param name="manifest">The model.</param>
    /// <param name="asked">The question as the model reads it, with the region.</param>
    public static string? FindDifference(TaughtQuestion taught, ModelManifest manifest, TaughtText asked)
    {
        ArgumentNullException.ThrowIfNull(taught);
        ArgumentNullException.ThrowIfNull(asked);
        var model = TaughtModel.Of(manifest);
        return taught.Model.Name != model.Name ? $"it was taught with the model '{taught.Model.Name}', this one is '{model.Name}'."
            : taught.Model.Precision != model.Precision ? $"it was taught with the precision {taught.Model.Precision}, this model has {model.Precision}."
            : taught.Model.Files != model.Files ? "the model was imported again since it was taught, and its files differ."
            : taught.Question.Text != asked.Text ? $"it was taught for the question '{taught.Question.Text}', this one is '{asked.Text}'."
            : !taught.Question.Choices.SequenceEqual(asked.Choices) ? $"it was taught for the choices [{string.Join(", ", taught.Question.Choices)}], this question has [{string.Join(", ", asked.Choices)}]."
            : taught.Question.Region != asked.Region ? $"it was taught for {Region(taught.Question.Region)}, this question is about {Region(asked.Region)}."
            : FindWidthDefect(taught, manifest);
    }

    private static string Region(string? region) => region is null ? "the whole picture" : $"the region {region}";

    private static void CheckVersion(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("v", out var version)
            || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number < 1)
        {
            throw new TaughtFileException(path, "it has no version ('v'), so it is not a file of 'mobilevlm teach'.");
        }

        if (number > TaughtQuestion.CurrentVersion)
        {
            throw new TaughtFileException(
                path, $"its format is version {number}, this program reads version {TaughtQuestion.CurrentVersion}. Update this program, or teach the question again.");
        }
    }

    private static string? FindDefect(TaughtQuestion question)
    {
        var outputs = question.Question.Choices.Count == 0 ? 1 : question.Question.Choices.Count;
        return outputs is > 1 and > 100 ? "it has more than 100 choices."
            : question.Head is { } head && FindDefect(head, outputs, FeatureGroups.All) is { } inHead ? inHead
            : question.Encoder is { } encoder
                ? FindDefect(encoder.Head, outputs, FeatureGroups.OfEncoder)
                    ?? (encoder.Head.ScoreWeights.Count > 0 ? "its encoder head uses the decoder's scores."
                        : IsUsable(encoder.UnsureMargin) ? null : "a number in it is not finite or too large.")
                    ?? InReference()
            : InReference();

        string? InReference() => question.Reference?.FindDefect(Math.Max(2, outputs), IsUsable);
    }

    private static string? FindDefect(TaughtHead head, int outputs, FeatureKinds allowed)
    {
        if (head.Bias.Count != outputs || head.Terms.Any(term => term is null || term.Weights.Count != outputs || term.Weights.Any(row => row is null))
            || (head.ScoreWeights.Count > 0 && (head.ScoreWeights.Count != outputs || head.ScoreWeights.Any(row => row is null || row.Length != outputs))))
        {
            return "the sizes of its weights do not match its question.";
        }

        var features = head.Terms.Select(term => FeatureGroups.Find(term.Feature)).ToList();
        if (features.Exists(feature => feature is null || !allowed.HasFlag(feature.Value)) || features.Distinct().Count() < features.Count)
        {
            return "it names a feature that does not exist, or one twice.";
        }

        return head.Bias.All(IsUsable) && head.ScoreWeights.All(row => row.All(IsUsable))
            && head.Terms.All(term => term.Weights.All(row => row.All(weight => IsUsable(weight))))
                ? null
                : "a number in it is not finite or too large.";
    }

    private static string? FindWidthDefect(TaughtQuestion taught, ModelManifest manifest)
    {
        var hidden = manifest.Language.HiddenSize;
        var terms = (taught.Head?.Terms ?? []).Concat(taught.Encoder?.Head.Terms ?? []);
        return (taught.Reference is { } reference && reference.Scale.Count != FeatureKinds.VisualTokens.WidthOf(hidden))
            || terms.Any(term => term.Weights.Any(row => row.Length != FeatureGroups.Find(term.Feature)!.Value.WidthOf(hidden)))
            ? $"its weights do not have the model's width of {hidden}."
            : null;
    }

    private static bool IsUsable(double number) => double.IsFinite(number) && Math.Abs(number) <= LargestNumber;
}
