using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Verification;

/// <summary>Extent of a self-test.</summary>
public enum SelfTestExtent
{
    /// <summary>Picture, question and the first few tokens: for each start of a service.</summary>
    Fast,

    /// <summary>All tokens.</summary>
    Whole,
}

/// <summary>A self-test that a model passed.</summary>
/// <param name="Tokens">Tokens compared.</param>
/// <param name="Ties">How many of them differ from those at import where two tokens had practically equal logits.</param>
/// <param name="PictureError">Relative error (L2) of the visual tokens; null for a text-only model.</param>
public sealed record SelfTestOutcome(int Tokens, int Ties, double? PictureError)
{
    /// <summary>Tokens compared that the prefill weights computed; 0 where there are none, or they are not used, or an older
    /// version imported the model.</summary>
    public int PrefillTokens { get; init; }
}

/// <summary>Compares what a model folder's sessions compute with the results recorded at import. Kernels of other processors
/// round differently, so numbers are compared with tolerances: tokens must be the recorded ones except where the second
/// most likely one was within <see cref="TieTolerance"/>.</summary>
public static partial class ModelSelfTest
{
    /// <summary>Largest difference of two logits that counts as a tie, in standard deviations of the logits. A damaged model's
    /// most likely token is about four of them away from the recorded one; 8-bit activations that are rounded differently
    /// move a logit by some hundredths.</summary>
    public const double TieTolerance = 0.5;

    /// <summary>Largest relative error (L2) of the visual tokens' sample. 8 bits, the lowest precision that is common for
    /// vision, differ from float32 by 1 to 4 %, and from each other by less.</summary>
    public const double LargestPictureError = 0.1;

    private const int FewTokens = 4;

    /// <returns>Null where the folder has no self-test, or one of another version of this program.</returns>
    /// <param name="folder">Opened, so that its small files and sizes are checked.</param>
    /// <param name="settings">The settings that the sessions will have.</param>
    /// <param name="extent">How much is tested.</param>
    /// <param name="cancel">Stops before the next token.</param>
    /// <exception cref="ModelFolderException">The folder's graphs do not open, or compute other results than at import.</exception>
    public static SelfTestOutcome? Run(
        ModelFolder folder, ExecutionSettings settings, SelfTestExtent extent, CancellationToken cancel = default)
    {
        // Includes the prefill weights also where this machine is faster without them.
        var all = extent == SelfTestExtent.Whole
            ? settings with { MinPrefillTokens = settings.MinPrefillTokens ?? ExecutionSettings.DefaultMinPrefillTokens }
            : settings;
        using var model = TestedModel.Open(folder, all, extent, cancel);
        return model.Outcome;
    }

    /// <returns>The recorded results and the prompt for them; null where there are none, or they are of another version of
    /// this program.</returns>
    internal static (SelfTestRecord Known, CalibrationPrompt Prompt)? Read(ModelFolder folder)
    {
        var manifest = folder.Manifest;
        if (manifest.SelfTest is not { } known || known.Material != SelfTestMaterial.Fingerprint)
        {
            return null;
        }

        var prompt = SelfTestMaterial.Prompt(LlamaTextTokenizer.Open(folder), manifest.VisualTokens, manifest.Language.MaxPositions);
        if (prompt is null
            || known.Steps.Count != prompt.Answer.Length + 1
            || (known.Prefill is { } second && (second.Count != known.Steps.Count || !folder.HasPrefill))
            || known.Picture is { Count: 0 }
            || known.Picture is null != (manifest.Vision is null))
        {
            throw Fault(folder, $"its {ModelManifest.FileName} has a self-test that belongs to another model");
        }

        return known.PromptIds.SequenceEqual([.. prompt.Before, .. prompt.After])
            ? (known, prompt)
            : throw Fault(folder, "its tokenizer splits the question into other ids than at import");
    }

    /// <returns>The test picture's visual tokens and their relative error.</returns>
    internal static (float[] Tokens, double Error) TestVision(ModelFolder folder, VisionEncoder encoder, IReadOnlyList<float> expected)
    {
        using var tokens = Encode(folder, encoder);
        var found = SelfTestMaterial.Sample(tokens.Values.Span);
        if (found.Length != expected.Count)
        {
            throw Fault(folder, $"its {ModelManifest.FileName} has a self-test that belongs to another model");
        }

        var error = TensorPrimitives.Distance<float>(found, [.. expected]) / TensorPrimitives.Norm<float>([.. expected]);
        return error <= LargestPictureError
            ? (tokens.Values.ToArray(), error)
            : throw Fault(folder, string.Create(
                CultureInfo.InvariantCulture,
                $"{ModelFolder.VisionFile} encodes the test picture differently than at import: the visual tokens differ by {error:p1} of their length, at most {LargestPictureError:p0} is due to rounding"));
    }

    /// <returns>How many tokens were compared, and how many of them were ties.</returns>
    internal static (int Tokens, int Ties) TestDecoder(
        ModelFolder folder,
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] visualTokens,
        IReadOnlyList<SelfTestStep> known,
        SelfTestExtent extent,
        CancellationToken cancel)
    {
        var steps = Steps(known, extent);
        try
        {
            return (steps, CountTies(folder, decoder, prompt, visualTokens, [.. known.Take(steps)], cancel));
        }
        catch (Exception e) when (e is NonFiniteLogitsException or InvalidOperationException or OnnxRuntimeException)
        {
            throw Fault(folder, Describe(ModelFolder.DecoderFile, e), e);
        }
    }

    private static VisualTokens Encode(ModelFolder folder, VisionEncoder encoder)
    {
        try
        {
            return encoder.Encode(SelfTestMaterial.Picture.Image);
        }
        catch (OnnxRuntimeException e)
        {
            throw Fault(folder, Describe(ModelFolder.VisionFile, e), e);
        }
    }

    /// <summary>Damaged weights give NaN or infinity; damaged indices are refused by the operator that reads them.</summary>
    private static string Describe(string file, Exception e) => e is OnnxRuntimeException
        ? $"{file} cannot be computed ({e.Message.ReplaceLineEndings(" ")})"
        : $"{file} computes numbers that are not finite";

    private static int Steps(IReadOnlyList<SelfTestStep> known, SelfTestExtent extent) =>
        extent == SelfTestExtent.Fast ? Math.Min(FewTokens, known.Count) : known.Count;

    /// <returns>How many tokens were ties.</returns>
    private static int CountTies(
        ModelFolder folder,
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] visualTokens,
        SelfTestStep[] known,
        CancellationToken cancel)
    {
        // The recorded results were computed with the decode weights; the prefill weights round differently.
        using var state = decoder.CreateState(prompt.Length(visualTokens.Length / decoder.Embeddings.HiddenSize), minPrefillTokens: int.MaxValue);
        state.Append(prompt.Before);
        if (visualTokens.Length > 0)
        {
            state.Append(visualTokens.AsMemory());
        }

        var ties = 0;
        var logits = state.Append(prompt.After);
        for (var i = 0; ; i++)
        {
            ties += CheckToken(folder, logits, i, known[i]) ? 1 : 0;
            if (i == known.Length - 1)
            {
                return ties;
            }

            // The given token, not the model's choice, so that a tie does not change the following steps.
            cancel.ThrowIfCancellationRequested();
            logits = state.Step(prompt.Answer[i]);
        }
    }

    /// <returns>Whether the most likely token differs from the recorded one within a tie, or is <paramref name="otherwise"/>; false when it is
    /// the recorded one.</returns>
    internal static bool CheckToken(
        ModelFolder folder,
        ReadOnlySpan<float> logits,
        int position,
        SelfTestStep known,
        string file = ModelFolder.DecoderFile,
        SelfTestStep? otherwise = null)
    {
        var best = TensorPrimitives.IndexOfMax(logits);
        if (best == known.Id)
        {
            return false;
        }

        var (allowed, missing) = (TieTolerance * known.StandardDeviation, Missing(logits, best, known));
        return IsTie(logits, best, known) || (otherwise is { } other && (best == other.Id || IsTie(logits, best, other)))
            ? true
            : throw Fault(folder, string.Create(
                CultureInfo.InvariantCulture,
                $"{file} chose token {best} at position {position} of the self-test, at import it was {known.Id}, whose logit is now lower by {missing:0.000} (at import it was higher by {known.Margin:0.000}; up to {allowed:0.000} is due to rounding)"));
    }

    // A damaged model may compute nearly the same logit for all tokens: then every token is close to the highest one, but not by the
    // spread that the logits have now.
    private static bool IsTie(ReadOnlySpan<float> logits, int best, SelfTestStep known) =>
        known.Margin <= TieTolerance * known.StandardDeviation
        && Missing(logits, best, known) <= TieTolerance * Math.Min(known.StandardDeviation, StandardDeviation(logits));

    private static double StandardDeviation(ReadOnlySpan<float> logits)
    {
        var mean = TensorPrimitives.Sum(logits) / logits.Length;
        var squares = 0.0;
        foreach (var logit in logits)
        {
            squares += ((double)logit - mean) * (logit - mean);
        }

        return Math.Sqrt(squares / logits.Length);
    }

    /// <summary>By how much the recorded token's logit is lower than the highest one; NaN where there is no such token.</summary>
    private static float Missing(ReadOnlySpan<float> logits, int best, SelfTestStep known) =>
        known.Id >= 0 && known.Id < logits.Length ? logits[best] - logits[known.Id] : float.NaN;

    private static ModelFolderException Fault(ModelFolder folder, string found, Exception? inner = null) => new(
        folder.FolderPath,
        $"{found}. 'mobilevlm model verify {folder.FolderPath}' checks whether its files are unchanged; if they are, "
        + "import the model again on this machine.",
        inner);
}
