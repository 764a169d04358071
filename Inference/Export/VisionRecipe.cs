namespace MobileVlm.Edge.Inference.Export;

/// <summary>Precision of each part of the vision encoder. Patch and position embedding, norms, biases and the
/// projector's convolutions are always float32.</summary>
/// <param name="Name">As on the command line: <c>w8a8</c>.</param>
/// <param name="Tower">CLIP's matrices.</param>
/// <param name="Guarded">CLIP's matrices whose inputs have outliers: the MLP's second and the attention's last.</param>
/// <param name="Projector">The projector's two matrices.</param>
public sealed record VisionRecipe(string Name, WeightFormat Tower, WeightFormat Guarded, WeightFormat Projector)
{
    public static VisionRecipe Fp32 { get; } = Parse("fp32");

    /// <summary>What <see cref="Parse"/> reads.</summary>
    public const string Grammar = "fp32, fp16, w8a8 (8-bit weights and activations, the fastest), int8 or int4, these two with -b64 or -b128 (blocks, else 32), then -zp (zero points)";

    /// <summary>Smallest first. 4 bit is missing: it costs most where everything later builds on it, and saves 0.15 GB.</summary>
    internal static IReadOnlyList<VisionRecipe> Ladder { get; } =
        [.. from name in (string[])["w8a8", "int8-b128", "int8", "fp16", "fp32"] select Parse(name)];

    public bool IsExact => Tower == WeightFormat.Exact;

    /// <summary>Reads a name of <see cref="Grammar"/>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static VisionRecipe Parse(string name)
    {
        if (WeightFormat.Find(name) is not { } tower)
        {
            throw new FormatException($"'{name}' is no precision of a vision encoder: {Grammar}.");
        }

        // One scale a row is not enough where one channel is many times larger than the others; a projector is a
        // fiftieth of the weights and everything that the decoder sees goes through it.
        var eight = WeightFormat.Blocks(8, 32);
        return tower.Kind switch
        {
            WeightKind.Rows => new VisionRecipe(name, tower, eight, eight),
            WeightKind.Blocks => new VisionRecipe(name, tower, tower, tower.Bits == 8 ? tower : eight),
            _ => new VisionRecipe(name, tower, tower, tower),
        };
    }
}
