using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>One thing that importing a model again would improve.</summary>
/// <param name="Reason">For programs; its meaning never changes.</param>
/// <param name="Text">For people: what is missing, and what importing again gives.</param>
public sealed record ImportAdvice(string Reason, string Text)
{
    // Below this the text of a self-test may not fit beside its picture; the importer then omits the self-test.
    private const int ContextForSelfTest = 128;

    // The only table of improvements of this importer over what a folder was made with. A later improvement is one row:
    // raise ImporterStamp.CurrentRevision and describe what a lower revision lacks.
    private static readonly (Func<ModelManifest, bool> Applies, ImportAdvice Advice)[] Table =
    [
        (
            m => m.Importer is null,
            new ImportAdvice("importerNotRecorded", "It does not say which importer made it (release 0.1.0 or before). "
                + "A new import records that, so that later programs can report what has improved.")),
        (
            m => m.SelfTest is null && m.Language.MaxPositions >= m.VisualTokens + ContextForSelfTest,
            new ImportAdvice("selfTestMissing", "It has no self-test. With one the service checks at each start that this "
                + "machine computes what the importer did.")),
        (
            m => m.SelfTest is { Prefill: null } && m.Precision.Prefill is not null,
            new ImportAdvice("prefillNotTested", "Its self-test does not cover the prefill weights.")),
        (
            m => m.Precision is { Prefill: null, Activations: null } && IsBlockQuantized(m.Precision.Decoder),
            new ImportAdvice("prefillMissing", "It has no prefill weights. With '--prefill auto' pictures and prompts are processed "
                + "faster, by half or more, for one more byte per decoder weight on disk and in memory.")),
        (
            m => HasSlowKernel(m),
            new ImportAdvice("slowInt8Kernel", "Its 8-bit weights are in a form for which this processor has no fast products. "
                + "A new import on this machine stores them in the one that it multiplies fastest: pictures and prompts take about half the time.")),
        (
            m => m.Loss is null && (IsQuantized(m.Precision.Decoder) || IsQuantized(m.Precision.Vision)),
            new ImportAdvice("lossNotMeasured", "What its precision costs was not measured. An import without --no-loss-report "
                + "measures it, and quantizes the weights for pictures.")),
        (
            m => m.Vision is not null && m.Signatures.TryGetValue(ModelFolder.DecoderFile, out var decoder)
                && decoder.Outputs.All(output => output.Name != DecoderTensors.LastHidden),
            new ImportAdvice("hiddenStatesMissing", "Its decoder returns no hidden states. With them 'mobilevlm teach' learns a question from "
                + "a dozen pictures.")),
        (
            m => m.Source.Fingerprint is null,
            new ImportAdvice("fingerprintMissing", "It has no fingerprint of its source, so 'model pull' cannot determine whether it is "
                + "up to date.")),
    ];

    /// <summary>Improvements of importing the checkpoint of this folder again with this program; empty when this program
    /// knows of no improvement.</summary>
    public static IReadOnlyList<ImportAdvice> For(ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return [.. Table.Where(row => row.Applies(manifest)).Select(row => row.Advice)];
    }

    private static bool HasSlowKernel(ModelManifest manifest) =>
        new[] { manifest.Precision.Vision, manifest.Precision.Decoder, manifest.Precision.Prefill }
            .Any(precision => Int8Kernel.OnThisMachine(precision)?.Advice is not null);

    /// <summary>Whether weights of this name in a manifest are quantized; null is a part that the model does not have.</summary>
    internal static bool IsQuantized(string? precision) => precision is not (null or "fp32" or "fp16");

    /// <summary>Whether weights of this name have 4 or 8 bit with a scale per block, and are widened for each
    /// multiplication.</summary>
    internal static bool IsBlockQuantized(string precision) => precision.StartsWith("int", StringComparison.Ordinal);
}
