using System.Diagnostics;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>Precision of each part of the vision encoder. Patch and position embedding, norms, biases and the
/// projector's convolutions are always float32.</summary>
/// <param name="Name">As in a manifest: <c>w8a8s</c>.</param>
/// <param name="Tower">CLIP's other matrices.</param>
/// <param name="OutlierProne">The MLP's second matrices, whose inputs have outliers that no scaling can remove, because a
/// nonlinear function produces them.</param>
/// <param name="Projector">The projector's two matrices.</param>
public sealed record VisionRecipe(string Name, WeightFormat Tower, WeightFormat OutlierProne, WeightFormat Projector)
{
    /// <summary>Number of inputs kept in float32 of the MLP's second matrix (of 4096) and of the projector's: one to two
    /// percent more work. Published CLIP encoders have several times fewer outlier channels.</summary>
    private const int OutlierInputs = 32;

    public static VisionRecipe Fp32 { get; } = Parse("fp32");

    /// <summary>8-bit rows in the form that this machine's processor multiplies fastest.</summary>
    public static VisionRecipe Fastest { get; } = Parse(WeightPrecision.QuickestForPrefill().ToString());

    /// <summary>Syntax that <see cref="Parse"/> parses.</summary>
    public static string Grammar { get; } = WeightPrecision.Grammar(mixed: false);

    /// <summary>The recipes that <c>auto</c> tries: the fastest, then the others with the smallest first.</summary>
    internal static IReadOnlyList<VisionRecipe> AutoCandidates { get; } =
        [.. from row in WeightPrecision.All from suffix in row.VisionAutoSuffixes select Parse(row.Name + suffix)];

    /// <summary>The integers that a checkpoint has.</summary>
    /// <param name="bits">4 or 8: what most of its matrices have.</param>
    internal static VisionRecipe Stored(int bits)
    {
        var tower = WeightFormat.Stored(bits);
        return new VisionRecipe($"stored-int{bits}", tower, tower, tower);
    }

    public bool IsExact => Tower == WeightFormat.FullPrecision;

    /// <summary>Reads a name of <see cref="Grammar"/>.</summary>
    /// <exception cref="FormatException">It is another text.</exception>
    public static VisionRecipe Parse(string name)
    {
        if (WeightFormat.Find(name) is not { } tower)
        {
            throw new FormatException($"Unknown vision encoder precision '{name}'. Supported: {Grammar}.");
        }

        // One scale per row is not enough where one channel is many times larger than the others: those of a linear input are
        // scaled away, the largest of the others are kept apart. A projector is a fiftieth of the weights and everything that
        // the decoder gets of a picture goes through it: it never has 4 bits.
        return tower.Kind switch
        {
            WeightKind.FullPrecision or WeightKind.HalfPrecision => new VisionRecipe(name, tower, tower, tower),
            WeightKind.DynamicInt8 => new VisionRecipe(
                tower.ToString(), tower, tower.WithExactInputs(OutlierInputs), tower.WithExactInputs(OutlierInputs)),
            WeightKind.BlockQuantized => new VisionRecipe(
                name, tower, tower, tower.Bits == 8 ? tower : WeightFormat.BlockQuantized(8)),
            _ => throw new UnreachableException($"No vision recipe for {tower.Kind}."),
        };
    }
}
