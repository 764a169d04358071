namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>Precision of each part of a decoder. Norms and rotary tables are always float32, embeddings keep the
/// checkpoint's type.</summary>
/// <param name="Name">As on the command line: <c>int4-b128-mixed</c>.</param>
/// <param name="Body">Every matrix but the ones below.</param>
/// <param name="Sensitive">The attention's input projections and the MLP's last matrix in the first and the last
/// eighth of the layers, see <see cref="IsSensitive"/>.</param>
/// <param name="Head">The matrix that makes logits.</param>
public sealed record DecoderRecipe(string Name, WeightFormat Body, WeightFormat Sensitive, WeightFormat Head)
{
    private const string Mixed = "-mixed";

    /// <summary>Inputs that rows in 8 bits keep exact. Most of the width of LLaMA's matrices' inputs is even; the few
    /// channels that are a hundred times larger are well below so many.</summary>
    internal const int OutlyingInputs = 64;

    public static DecoderRecipe Fp32 { get; } = Parse("fp32");

    /// <summary>4 bit in blocks of 32, the head at 8 bit.</summary>
    public static DecoderRecipe Int4 { get; } = Parse("int4");

    /// <summary>What <see cref="Parse"/> reads.</summary>
    public const string Grammar = "fp32, fp16, int8 or int4, these two with -b64 or -b128 (blocks, else 32), then -zp (zero points); int4 then -mixed (sensitive layers at 8 bit); w8a8 or w8a7 (8-bit weights times rows of 8 or 7 bits: the fastest for prompts and guesses)";

    /// <summary>Smallest first, each with more disk and less loss than the one before.</summary>
    internal static IReadOnlyList<DecoderRecipe> Ladder { get; } =
        [.. from name in (string[])["int4-b128", "int4-b128-zp", "int4", "int4-zp", "int4-mixed", "int4-zp-mixed", "int8-b128", "int8", "fp16", "fp32"] select Parse(name)];

    public bool IsExact => Body == WeightFormat.Exact;

    /// <summary>Whether the layer's projections are kept at <see cref="Sensitive"/>: errors of the first layers go
    /// through all others, errors of the last are corrected by none. The rule is that of onnxruntime-genai's builder
    /// (<c>k_quant_mixed</c>) without its third layer in between, with at least one layer on each side.</summary>
    public static bool IsSensitive(int layer, int layers)
    {
        var eighth = Math.Max(1, layers / 8);
        return layer < eighth || layer >= layers - eighth;
    }

    /// <summary>Reads a name of <see cref="Grammar"/>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static DecoderRecipe Parse(string name)
    {
        var mixed = name.EndsWith(Mixed, StringComparison.Ordinal);
        if (WeightFormat.Find(mixed ? name[..^Mixed.Length] : name) is not { } body
            || (mixed && body.Bits != 4))
        {
            throw new FormatException($"'{name}' is no precision of a decoder: {Grammar}.");
        }

        if (body.Kind == WeightKind.DynamicInt8)
        {
            // The head is read for a few rows only, so that nothing is lost by blocks, which round its input less.
            var rows = body.Keeping(OutlyingInputs);
            return new DecoderRecipe(name, rows, rows, WeightFormat.Blocks(8, 32));
        }

        if (body.Kind != WeightKind.BlockQuantized)
        {
            return new DecoderRecipe(name, body, body, body);
        }

        // A head at 4 bit is known to make models repeat themselves; it is a twentieth of the weights.
        var eight = WeightFormat.Blocks(8, body.BlockSize);
        return new DecoderRecipe(name, body, mixed ? eight : body, body.Bits == 8 ? body : eight);
    }
}
