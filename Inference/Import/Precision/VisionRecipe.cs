using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>Precision of each part of the vision encoder. Patch and position embedding, norms, biases and the
/// projector's convolutions are always float32.</summary>
/// <param name="Name">As on the command line: <c>w8a8</c>.</param>
/// <param name="Tower">CLIP's matrices behind a norm.</param>
/// <param name="Guarded">CLIP's other matrices, whose inputs have outliers: the MLP's second and the attention's last.</param>
/// <param name="Projector">The projector's two matrices.</param>
public sealed record VisionRecipe(string Name, WeightFormat Tower, WeightFormat Guarded, WeightFormat Projector)
{
    /// <summary>Of the attention's last matrix, with 1024 inputs, and the MLP's second, with 4096: a hundredth of the work
    /// or a fiftieth, and several times the channels that outlie in published CLIP encoders.</summary>
    private const int OutlyingInputs = 32;

    /// <summary>Of the matrices behind a norm, whose weights make a few channels larger than the others.</summary>
    private const int OutlyingNormed = 16;

    public static VisionRecipe Fp32 { get; } = Parse("fp32");

    /// <summary>What <see cref="Parse"/> reads.</summary>
    public const string Grammar = "fp32, fp16, w8a8 (8-bit weights and activations, the fastest), w8a7 (activations of 7 bit: faster still on processors without int8 dot products), int8 or int4, these two with -b64 or -b128 (blocks, else 32), then -zp (zero points)";

    /// <summary>Smallest first. 4 bit is missing: it costs most where everything later builds on it, and saves 0.15 GB.</summary>
    internal static IReadOnlyList<VisionRecipe> Ladder { get; } =
        [.. from name in (string[])[QuickRows, "int8-b128", "int8", "fp16", "fp32"] select Parse(name)];

    /// <summary>The quickest on this box's processor.</summary>
    private static string QuickRows => ProcessorFeatures.ThisMachine.HasInt8DotProducts ? "w8a8" : "w8a7";

    public bool IsExact => Tower == WeightFormat.Exact;

    /// <summary>Reads a name of <see cref="Grammar"/>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static VisionRecipe Parse(string name)
    {
        if (WeightFormat.Find(name) is not { } tower)
        {
            throw new FormatException($"'{name}' is no precision of a vision encoder: {Grammar}.");
        }

        // One scale a row is not enough where one channel is many times larger than the others: the largest are kept
        // apart. A projector is a fiftieth of the weights and everything that the decoder sees goes through it.
        var eight = WeightFormat.Blocks(8, 32);
        return tower.Kind switch
        {
            WeightKind.DynamicInt8 => new VisionRecipe(
                name, tower.Keeping(OutlyingNormed), tower.Keeping(OutlyingInputs), WeightFormat.Exact),
            WeightKind.BlockQuantized => new VisionRecipe(name, tower, tower, tower.Bits == 8 ? tower : eight),
            _ => new VisionRecipe(name, tower, tower, tower),
        };
    }
}
