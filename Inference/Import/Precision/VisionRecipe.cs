using System.Diagnostics;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>Precision of each part of the vision encoder. Patch and position embedding, norms, biases and the
/// projector's convolutions are always float32.</summary>
/// <param name="Name">As on the command line: <c>w8a8</c>.</param>
/// <param name="Tower">CLIP's matrices behind a norm.</param>
/// <param name="OutlierProne">CLIP's other matrices, whose inputs have outliers: the MLP's second and the attention's
/// last.</param>
/// <param name="Projector">The projector's two matrices.</param>
public sealed record VisionRecipe(string Name, WeightFormat Tower, WeightFormat OutlierProne, WeightFormat Projector)
{
    /// <summary>Number of inputs kept in float32, for the attention's last matrix (of 1024 inputs) and the MLP's second (of 4096): one
    /// to two percent more work. Published CLIP encoders have several times fewer outlier channels.</summary>
    private const int OutlierInputs = 32;

    /// <summary>Inputs kept in float32 of the matrices behind a norm, whose weights make a few channels larger than the
    /// others.</summary>
    private const int OutlierNormedInputs = 16;

    public static VisionRecipe Fp32 { get; } = Parse("fp32");

    /// <summary>Syntax that <see cref="Parse"/> parses.</summary>
    public static string Grammar { get; } = WeightPrecision.Grammar(row => row.VisionHelp, mixed: false);

    /// <summary>The recipes that <c>auto</c> tries: the fastest, then the others with the smallest first.</summary>
    internal static IReadOnlyList<VisionRecipe> AutoCandidates { get; } =
        [.. from row in WeightPrecision.All from suffix in row.VisionAutoSuffixes select Parse(row.Name + suffix)];

    public bool IsExact => Tower == WeightFormat.FullPrecision;

    /// <summary>Reads a name of <see cref="Grammar"/>.</summary>
    /// <exception cref="FormatException">It is another text.</exception>
    public static VisionRecipe Parse(string name)
    {
        if (WeightFormat.Find(name) is not { } tower)
        {
            throw new FormatException($"Unknown precision of a vision encoder: '{name}'. Supported: {Grammar}.");
        }

        // One scale per row is not enough where one channel is many times larger than the others: the largest are kept
        // apart. A projector is a fiftieth of the weights and everything that the decoder gets of a picture goes through it.
        return tower.Kind switch
        {
            WeightKind.FullPrecision or WeightKind.HalfPrecision => new VisionRecipe(name, tower, tower, tower),
            WeightKind.DynamicInt8 => new VisionRecipe(
                name, tower.WithExactInputs(OutlierNormedInputs), tower.WithExactInputs(OutlierInputs), WeightFormat.FullPrecision),
            WeightKind.BlockQuantized => new VisionRecipe(
                name, tower, tower, tower.Bits == 8 ? tower : WeightFormat.BlockQuantized(8)),
            _ => throw new UnreachableException($"No vision recipe for {tower.Kind}."),
        };
    }
}
