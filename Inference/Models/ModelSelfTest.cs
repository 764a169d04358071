using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>How much of a self-test is done.</summary>
public enum SelfTestExtent
{
    /// <summary>Picture, question and the first few tokens: for each start of a service.</summary>
    Fast,

    /// <summary>All tokens.</summary>
    Whole,
}

/// <summary>A self-test that a model passed.</summary>
/// <param name="Tokens">Tokens compared.</param>
/// <param name="Ties">How many of them were other ones than at import, where two were as good as equal.</param>
/// <param name="PictureError">Error of the visual tokens, as a share of their length; null for a model of text only.</param>
public sealed record SelfTestOutcome(int Tokens, int Ties, double? PictureError)
{
    /// <summary>Tokens compared that came out of the second set of the decoder's weights; 0 where there is none, or it is not
    /// used, or an older version imported it.</summary>
    public int PrefillTokens { get; init; }
}

/// <summary>Compares what a model folder's sessions compute with what was known at import. Kernels of other processors
/// round otherwise, so that numbers are not equal but near: tokens have to be the known ones except where the second one
/// was within <see cref="Tie"/>.</summary>
public static partial class ModelSelfTest
{
    /// <summary>In standard deviations of the logits. Garbage has its likeliest token some four of them away from the
    /// known one; activations in 8 bit that are rounded otherwise move a logit by some hundredths.</summary>
    public const double Tie = 0.5;

    /// <summary>Largest error of the visual tokens' sample, as a share of its length. Eight bit, the fewest that are
    /// common for vision, differ from float32 by one to four hundredths, and from each other by less.</summary>
    public const double LargestPictureError = 0.1;

    private const int FewTokens = 4;

    /// <returns>Null where the folder has no self-test, or one of another version of this program.</returns>
    /// <param name="folder">Opened, so that its small files and sizes are checked.</param>
    /// <param name="settings">Those that will be used.</param>
    /// <param name="extent">How much.</param>
    /// <param name="cancel">Stops before the next token.</param>
    /// <exception cref="ModelFolderException">The folder's graphs do not open, or compute something else than at import.</exception>
    public static SelfTestOutcome? Run(
        ModelFolder folder, ExecutionSettings settings, SelfTestExtent extent, CancellationToken cancel = default)
    {
        // All of it also where this box does better without the second set.
        var all = extent == SelfTestExtent.Whole
            ? settings with { PrefillFrom = settings.PrefillFrom ?? ExecutionSettings.UsualPrefillFrom }
            : settings;
        using var model = TestedModel.Open(folder, all, extent, cancel);
        return model.Outcome;
    }

    /// <returns>What the folder knows of itself and the prompt for it; null where that is nothing, or of another version of
    /// this program.</returns>
    internal static (SelfTest Known, CalibrationPrompt Prompt)? Read(ModelFolder folder)
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
            throw Fault(folder, $"its {ModelManifest.FileName} holds a self-test that is not of this model");
        }

        return known.PromptIds.SequenceEqual([.. prompt.Before, .. prompt.After])
            ? (known, prompt)
            : throw Fault(folder, "its tokenizer splits the question into other ids than at import");
    }

    /// <returns>The test picture's visual tokens and how far they are off.</returns>
    internal static (float[] Tokens, double Error) Look(ModelFolder folder, VisionEncoder encoder, IReadOnlyList<float> expected)
    {
        using var tokens = Encode(folder, encoder);
        var found = SelfTestMaterial.Sample(tokens.Values.Span);
        if (found.Length != expected.Count)
        {
            throw Fault(folder, $"its {ModelManifest.FileName} holds a self-test that is not of this model");
        }

        var error = TensorPrimitives.Distance<float>(found, [.. expected]) / TensorPrimitives.Norm<float>([.. expected]);
        return error <= LargestPictureError
            ? (tokens.Values.ToArray(), error)
            : throw Fault(folder, string.Create(
                CultureInfo.InvariantCulture,
                $"{ModelFolder.VisionFile} sees the test picture otherwise than at import: the visual tokens are off by {error:p1} of their length, at most {LargestPictureError:p0} is due to rounding"));
    }

    /// <returns>How many tokens were compared, and how many of them were another one of two that are as good as
    /// equal.</returns>
    internal static (int Tokens, int Ties) Think(
        ModelFolder folder,
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] picture,
        IReadOnlyList<SelfTestStep> known,
        SelfTestExtent extent,
        CancellationToken cancel)
    {
        var steps = Steps(known, extent);
        try
        {
            return (steps, Think(folder, decoder, prompt, picture, [.. known.Take(steps)], cancel));
        }
        catch (Exception e) when (e is NonFiniteLogitsException or InvalidOperationException or OnnxRuntimeException)
        {
            throw Fault(folder, Failed(ModelFolder.DecoderFile, e), e);
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
            throw Fault(folder, Failed(ModelFolder.VisionFile, e), e);
        }
    }

    /// <summary>Damaged weights make numbers that are none; damaged indices are refused by the operator that meets them.</summary>
    private static string Failed(string file, Exception e) => e is OnnxRuntimeException
        ? $"{file} cannot be computed ({e.Message.ReplaceLineEndings(" ")})"
        : $"{file} computes numbers that are not finite";

    private static int Steps(IReadOnlyList<SelfTestStep> known, SelfTestExtent extent) =>
        extent == SelfTestExtent.Fast ? Math.Min(FewTokens, known.Count) : known.Count;

    /// <returns>Tokens that were another one of two that are as good as equal.</returns>
    private static int Think(
        ModelFolder folder,
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] picture,
        SelfTestStep[] known,
        CancellationToken cancel)
    {
        // What is known was computed with the first set of weights; the second one rounds otherwise.
        using var state = decoder.CreateState(prompt.Length(picture.Length / decoder.Embeddings.Hidden), prefillFrom: int.MaxValue);
        state.Append(prompt.Before);
        if (picture.Length > 0)
        {
            state.Append(picture.AsMemory());
        }

        var ties = 0;
        var logits = state.Append(prompt.After);
        for (var i = 0; ; i++)
        {
            ties += IsTie(folder, logits, i, known[i]) ? 1 : 0;
            if (i == known.Length - 1)
            {
                return ties;
            }

            // The given token, whatever the model would say: one tie more or less changes nothing behind it.
            cancel.ThrowIfCancellationRequested();
            logits = state.Step(prompt.Answer[i]);
        }
    }

    /// <returns>Whether the likeliest token is another one of two that are as good as equal; false when it is the known one.</returns>
    internal static bool IsTie(
        ModelFolder folder, ReadOnlySpan<float> logits, int position, SelfTestStep known, string file = ModelFolder.DecoderFile)
    {
        var best = TensorPrimitives.IndexOfMax(logits);
        if (best == known.Id)
        {
            return false;
        }

        var allowed = Tie * known.Spread;
        var missing = known.Id >= 0 && known.Id < logits.Length ? logits[best] - logits[known.Id] : float.NaN;
        return known.Margin <= allowed && missing <= allowed
            ? true
            : throw Fault(folder, string.Create(
                CultureInfo.InvariantCulture,
                $"{file} chose token {best} at position {position} of the self-test, at import it was {known.Id}, which now falls short by {missing:0.000} (at import it led by {known.Margin:0.000}; up to {allowed:0.000} is due to rounding)"));
    }

    private static ModelFolderException Fault(ModelFolder folder, string found, Exception? inner = null) => new(
        folder.FolderPath,
        $"{found}. 'mobilevlm model verify {folder.FolderPath}' tells whether its files are as they were imported; if they are, "
        + "import the model again on this box.",
        inner);
}
