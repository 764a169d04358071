using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>One row of the table of precisions: everything that depends on how matrices are stored.</summary>
/// <remarks>A closed set: <see cref="All"/> is the only list. How a format is written into a graph is
/// <see cref="Quantization.LinearWriter"/>'s, which throws for a kind that it does not know.</remarks>
internal sealed record WeightPrecision
{
    /// <summary>The name on the command line, without a variant: <c>int4</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The format without a variant.</summary>
    public required WeightFormat Format { get; init; }

    /// <summary>Whether a GPU has kernels for it in graphs that compute in float16.</summary>
    public bool RunsOnCuda { get; init; }

    /// <summary>Suffixes of the recipes that <c>auto</c> tries for a decoder, in order.</summary>
    public IReadOnlyList<string> DecoderAutoSuffixes { get; init; } = [];

    /// <summary>Suffixes of the recipes that <c>auto</c> tries for a vision encoder, in order.</summary>
    public IReadOnlyList<string> VisionAutoSuffixes { get; init; } = [];

    /// <summary>All precisions, in the order in which <c>auto</c> tries them.</summary>
    public static IReadOnlyList<WeightPrecision> All { get; } =
    [
        // Not tried for a vision encoder: 4 bit costs most where everything later builds on it, and saves 0.15 GB.
        new()
        {
            Name = "int4",
            Format = WeightFormat.BlockQuantized(4),
            RunsOnCuda = true,
            DecoderAutoSuffixes = ["-b128", "-b128-zp", "", "-zp", DecoderRecipe.Mixed, "-zp" + DecoderRecipe.Mixed],
        },
        new()
        {
            Name = "w8a7",
            Format = WeightFormat.NarrowDynamicInt8,
            VisionAutoSuffixes = ProcessorFeatures.ThisMachine.HasInt8DotProducts ? [] : [""],
        },
        new()
        {
            Name = "w8a8u",
            Format = WeightFormat.UnsignedDynamicInt8,
        },
        new()
        {
            Name = "w8a8s",
            Format = WeightFormat.SignedDynamicInt8,
            VisionAutoSuffixes = ProcessorFeatures.ThisMachine.HasInt8DotProducts ? [""] : [],
        },
        new()
        {
            Name = "int8",
            Format = WeightFormat.BlockQuantized(8),
            RunsOnCuda = true,
            DecoderAutoSuffixes = ["-b128", ""],
            VisionAutoSuffixes = ["-b128", ""],
        },
        new()
        {
            Name = "fp16",
            Format = WeightFormat.HalfPrecision,
            RunsOnCuda = true,
            DecoderAutoSuffixes = [""],
            VisionAutoSuffixes = [""],
        },
        new()
        {
            Name = "fp32",
            Format = WeightFormat.FullPrecision,
            DecoderAutoSuffixes = [""],
            VisionAutoSuffixes = [""],
        },
    ];

    /// <summary>The precisions of prefill weights: they are faster where many rows come at once.</summary>
    public static IReadOnlyList<WeightPrecision> ForPrefill { get; } = [.. All.Reverse().Where(row => row.Format.Kind == WeightKind.DynamicInt8)];

    /// <summary>Whether names can have a block size and zero points.</summary>
    public bool HasBlocks => Format.Kind == WeightKind.BlockQuantized;

    /// <summary>The precision of a format, independent of its variant.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has none.</exception>
    public static WeightPrecision Of(WeightFormat format) => All.FirstOrDefault(row =>
        (row.Format.Kind, row.Format.Bits, row.Format.ActivationBits, row.Format.HasSignedWeights)
            == (format.Kind, format.Bits, format.ActivationBits, format.HasSignedWeights))
        ?? throw new ArgumentOutOfRangeException(nameof(format), format.Kind, "The table of precisions has no such format.");

    /// <summary>The format in <see cref="ForPrefill"/> that this machine's processor multiplies faster.</summary>
    public static WeightFormat QuickestForPrefill() =>
        ProcessorFeatures.ThisMachine.HasInt8DotProducts ? WeightFormat.SignedDynamicInt8 : WeightFormat.NarrowDynamicInt8;

    /// <summary>The names that a part can have, in a sentence.</summary>
    /// <param name="mixed">Whether there are recipes with sensitive layers at 8 bit.</param>
    public static string Grammar(bool mixed)
    {
        var names = List(All.Reverse().Select(row => row.Name), "or");
        var blocks = List(All.Reverse().Where(row => row.HasBlocks).Select(row => row.Name), "and");
        var few = List(All.Where(row => row.Format.CanBeMixed).Select(row => row.Name), "and");
        return $"{names}; {WeightFormat.DynamicInt8Alias} is w8a8s or w8a8u, whichever is faster on this processor; {blocks} also with -b64 or -b128 (weights per block, else {WeightFormat.DefaultBlockSize}), then -zp (zero points)"
            + (mixed ? $"; {few} also with {DecoderRecipe.Mixed} (sensitive layers at 8 bit)" : "");
    }

    /// <summary>"a, b or c".</summary>
    public static string List(IEnumerable<string> names, string last)
    {
        string[] all = [.. names];
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} {last} {all[^1]}";
    }
}
