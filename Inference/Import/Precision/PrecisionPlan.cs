using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>The precision that an import shall have, for each part one recipe, or several of which the first that
/// loses no more than its floor allows is taken.</summary>
/// <param name="Decoder">To be tried in order; the last is taken whatever it loses.</param>
/// <param name="Vision">As for the decoder; of no account for a model of text only.</param>
public sealed record PrecisionPlan(IReadOnlyList<DecoderRecipe> Decoder, IReadOnlyList<VisionRecipe> Vision)
{
    /// <summary>Name for "the smallest that loses little enough".</summary>
    public const string Auto = "auto";

    /// <summary>Of a second set of the decoder's weights that is used where many tokens go through at once; null for
    /// none.</summary>
    public WeightFormat? Prefill { get; private init; }

    /// <summary>Whether graphs compute in float16, with the KV cache in it too: what a GPU has kernels for. On a processor
    /// they run as well, more slowly.</summary>
    public bool ForCuda { get; private init; }

    public static PrecisionPlan Fp32 { get; } = Of(DecoderRecipe.Fp32, VisionRecipe.Fp32);

    /// <summary>The decoder in 4 bit, vision in float32.</summary>
    public static PrecisionPlan Int4 { get; } = Of(DecoderRecipe.Int4, VisionRecipe.Fp32);

    /// <summary>Whether a rounded decoder's channels are scaled for the activations; without it, to see what it brings.</summary>
    internal bool ScalesChannels { get; init; } = true;

    /// <summary>All recipes by name: two plans of the same names are the same plan.</summary>
    internal string Names =>
        $"{string.Join(',', Decoder.Select(r => r.Name))} {string.Join(',', Vision.Select(r => r.Name))}{(Prefill is { } prefill ? $" {prefill}" : "")}{(ScalesChannels ? "" : " unscaled")}{(ForCuda ? " cuda" : "")}";

    /// <summary>Whether any part has to be measured before it can be chosen.</summary>
    public bool NeedsMeasuring => Decoder.Count > 1 || Vision.Count > 1;

    /// <summary>Whether every part is exact, so that there is no loss to measure.</summary>
    public bool IsExact => Prefill is null && !NeedsMeasuring && Decoder[0].IsExact && Vision[0].IsExact;

    /// <summary>What <see cref="WithPrefill"/> reads.</summary>
    public const string PrefillGrammar = "w8a8, w8a7, auto (the one that this box's processor multiplies faster) or none";

    /// <summary>The same with a second set of the decoder's weights.</summary>
    /// <param name="name">See <see cref="PrefillGrammar"/>.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public PrecisionPlan WithPrefill(string name) => this with
    {
        Prefill = name switch
        {
            "none" => null,
            "w8a8" => WeightFormat.Rows.Keeping(DecoderRecipe.OutlyingInputs),
            "w8a7" => WeightFormat.NarrowRows.Keeping(DecoderRecipe.OutlyingInputs),
            Auto => (ProcessorFeatures.ThisMachine.HasInt8DotProducts ? WeightFormat.Rows : WeightFormat.NarrowRows).Keeping(DecoderRecipe.OutlyingInputs),
            _ => throw new FormatException($"'{name}' is no precision of a second set of weights: {PrefillGrammar}."),
        },
    };

    /// <summary>The same for a GPU.</summary>
    /// <exception cref="FormatException">A part has a precision for which there are no kernels there.</exception>
    public PrecisionPlan OnCuda()
    {
        const string Known = "fp16, int4 and int8 with their variants, and auto";
        if (Prefill is not null)
        {
            throw new FormatException("A second set of weights (--prefill) multiplies in 8 bit on a processor and is of no use on a GPU: leave it out.");
        }

        // What "auto" tries is cut down to what runs there; what was named has to run there.
        var decoder = Decoder.Where(r => !r.IsExact && r.Body.Kind != WeightKind.DynamicInt8).ToList();
        var vision = Vision.Where(r => !r.IsExact && r.Tower.Kind != WeightKind.DynamicInt8).ToList();
        return decoder.Count == 0 ? throw new FormatException($"A GPU has no kernels for a decoder in '{Decoder[0].Name}': {Known} run there.")
            : vision.Count == 0 ? throw new FormatException($"A GPU has no kernels for a vision encoder in '{Vision[0].Name}': {Known} run there.")
            : this with { Decoder = decoder, Vision = vision, ForCuda = true };
    }

    public static PrecisionPlan Of(DecoderRecipe decoder, VisionRecipe vision) => new([decoder], [vision]);

    /// <summary>Reads two names, each a recipe's or <see cref="Auto"/>.</summary>
    /// <param name="decoder">See <see cref="DecoderRecipe.Grammar"/>.</param>
    /// <param name="vision">See <see cref="VisionRecipe.Grammar"/>; left out, it is as the decoder, but that beside a
    /// decoder in few bits it has 8: in float32 it would take more memory than such a decoder.</param>
    /// <exception cref="FormatException">A name is none.</exception>
    public static PrecisionPlan Parse(string decoder, string? vision = null)
    {
        vision ??= decoder.StartsWith("int", StringComparison.Ordinal) ? "int8" : decoder;
        return new PrecisionPlan(
            decoder == Auto ? DecoderRecipe.Ladder : [DecoderRecipe.Parse(decoder)],
            vision == Auto ? VisionRecipe.Ladder : [VisionRecipe.Parse(vision)]);
    }
}
