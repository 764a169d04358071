namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>The precision of an import: for each part one recipe, or several of which the first is taken that loses no
/// more than <see cref="Evaluation.Gates.LossLimits"/> allow.</summary>
/// <param name="DecoderRecipes">To be tried in order; the last is taken even with a large loss.</param>
/// <param name="VisionRecipes">As for the decoder; not used for a model of text only.</param>
public sealed record PrecisionPlan(IReadOnlyList<DecoderRecipe> DecoderRecipes, IReadOnlyList<VisionRecipe> VisionRecipes)
{
    /// <summary>Name for "the smallest that loses little enough".</summary>
    public const string Auto = "auto";

    /// <summary>Name for no prefill weights.</summary>
    private const string None = "none";

    /// <summary>Format of the prefill weights: a second set of the decoder's weights, for passes of many tokens;
    /// null for none.</summary>
    public WeightFormat? Prefill { get; private init; }

    /// <summary>Whether prefill weights were left to this program (<see cref="Auto"/>). Where it chooses the decoder's precision too, it
    /// leaves out prefill weights that lose too much.</summary>
    public bool ChoosesPrefill { get; private init; }

    /// <summary>Whether graphs compute in float16, with the KV cache in it too, for which a GPU has kernels. On a processor
    /// they run as well, more slowly.</summary>
    public bool ForCuda { get; private init; }

    /// <summary>Whether the decoder keeps the integers that a checkpoint already has, instead of <see cref="DecoderRecipes"/>.</summary>
    public bool KeepsStoredDecoder { get; init; }

    /// <summary>Same as <see cref="KeepsStoredDecoder"/> for the vision encoder and the projector.</summary>
    public bool KeepsStoredVision { get; init; }

    /// <summary>Whether a decoder that keeps its integers has matrices that are quantized again to few bits.</summary>
    internal bool CompensatesStored { get; init; }

    public static PrecisionPlan Fp32 { get; } = Of(DecoderRecipe.Fp32, VisionRecipe.Fp32);

    /// <summary>The decoder in 4 bit, vision in float32.</summary>
    public static PrecisionPlan Int4 { get; } = Of(DecoderRecipe.Int4, VisionRecipe.Fp32);

    /// <summary>The plan of an import without options: the fastest answers about a picture that this machine can give at a loss
    /// that is small.</summary>
    public static PrecisionPlan Default { get; } = Of(DecoderRecipe.Default, VisionRecipe.Fastest).WithPrefill(Auto) with
    {
        KeepsStoredDecoder = true,
        KeepsStoredVision = true,
    };

    /// <summary>The plan for little memory: one set of the decoder's weights, in few bits.</summary>
    public static PrecisionPlan Lean { get; } = Of(DecoderRecipe.Lean, VisionRecipe.Fastest);

    /// <summary>Whether a quantized decoder's channels are scaled for the activations; tests turn it off to measure its
    /// effect.</summary>
    internal bool ScalesChannels { get; init; } = true;

    /// <summary>All recipes by name: two plans of the same names are the same plan.</summary>
    internal string Names =>
        $"{string.Join(',', DecoderRecipes.Select(r => r.Name))} {string.Join(',', VisionRecipes.Select(r => r.Name))}{(Prefill is { } prefill ? $" {prefill}" : "")}{(ScalesChannels ? "" : " unscaled")}{(ForCuda ? " cuda" : "")}";

    /// <summary>Whether the errors of any decoder's weights can be compensated, which takes the covariances of its inputs.</summary>
    internal bool CanCompensate => DecoderRecipes.Any(r => r.Body.KeepsStored ? CompensatesStored : r.Body.CanBeMixed);

    /// <summary>Whether any part has to be measured before it can be chosen.</summary>
    public bool NeedsMeasuring => DecoderRecipes.Count > 1 || VisionRecipes.Count > 1;

    /// <summary>Whether every part is exact, so that there is no loss to measure.</summary>
    public bool IsExact => Prefill is null && !NeedsMeasuring && DecoderRecipes[0].IsExact && VisionRecipes[0].IsExact;

    /// <summary>Syntax that <see cref="WithPrefill"/> parses.</summary>
    public static string PrefillGrammar { get; } =
        $"{WeightFormat.DynamicInt8Alias}, {string.Join(", ", WeightPrecision.ForPrefill.Select(row => row.Name))}, {Auto} (the faster one on this processor) or {None}";

    /// <summary>The same with prefill weights.</summary>
    /// <param name="name">See <see cref="PrefillGrammar"/>.</param>
    /// <exception cref="FormatException">It is another text.</exception>
    public PrecisionPlan WithPrefill(string name)
    {
        var format = name switch
        {
            None => (WeightFormat?)null,
            Auto => WeightPrecision.QuickestForPrefill(),
            _ => WeightFormat.Find(name) is { Kind: WeightKind.DynamicInt8 } known
                ? known
                : throw new FormatException($"Unknown prefill precision '{name}'. Supported: {PrefillGrammar}."),
        };
        return this with { Prefill = format, ChoosesPrefill = name == Auto };
    }

    /// <summary>The same for a GPU.</summary>
    /// <exception cref="FormatException">A part has a precision for which there are no kernels there.</exception>
    public PrecisionPlan OnCuda()
    {
        if (Prefill is not null)
        {
            throw new FormatException("Prefill weights (--prefill) multiply in 8 bit on a processor and are of no use on a GPU: leave them out.");
        }

        // What "auto" tries is cut down to what runs there; what was named has to run there.
        var decoder = DecoderRecipes.Where(r => WeightPrecision.Of(r.Body).RunsOnCuda).ToList();
        var vision = VisionRecipes.Where(r => WeightPrecision.Of(r.Tower).RunsOnCuda).ToList();
        return decoder.Count == 0 ? throw NoKernels("decoder", DecoderRecipes[0].Name)
            : vision.Count == 0 ? throw NoKernels("vision encoder", VisionRecipes[0].Name)
            : this with { DecoderRecipes = decoder, VisionRecipes = vision, ForCuda = true };
    }

    public static PrecisionPlan Of(DecoderRecipe decoder, VisionRecipe vision) => new([decoder], [vision]);

    /// <summary>Reads two names, each a recipe's or <see cref="Auto"/>.</summary>
    /// <param name="decoder">See <see cref="DecoderRecipe.Grammar"/>.</param>
    /// <param name="vision">See <see cref="VisionRecipe.Grammar"/>. Without it, vision is as the decoder; beside a decoder in
    /// blocks it has 8-bit rows, because in float32 it would take more memory than such a decoder.</param>
    /// <exception cref="FormatException">A name is unknown.</exception>
    public static PrecisionPlan Parse(string decoder, string? vision = null)
    {
        var decoders = decoder == Auto ? DecoderRecipe.AutoCandidates : [DecoderRecipe.Parse(decoder)];
        return new PrecisionPlan(decoders, vision switch
        {
            Auto => VisionRecipe.AutoCandidates,
            null when decoder == Auto => VisionRecipe.AutoCandidates,
            null => [decoders[0].Body.Kind == WeightKind.BlockQuantized ? VisionRecipe.Fastest : VisionRecipe.Parse(decoder)],
            _ => [VisionRecipe.Parse(vision)],
        });
    }

    private static FormatException NoKernels(string part, string name)
    {
        var known = WeightPrecision.List(WeightPrecision.All.Reverse().Where(row => row.RunsOnCuda).Select(row => row.Name), "and");
        return new FormatException($"A GPU has no kernels for a {part} in '{name}': {known} with their variants, and {Auto} run there.");
    }
}
