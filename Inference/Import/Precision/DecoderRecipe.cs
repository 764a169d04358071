using System.Diagnostics;

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
    /// <summary>Suffix of a name whose sensitive layers have 8 bits.</summary>
    internal const string Mixed = "-mixed";

    /// <summary>Inputs of the attention's last matrix that dynamic int8 keeps in float32: the only ones whose channels cannot
    /// always be scaled (<see cref="Quantization.ChannelGroup"/>).</summary>
    private const int OutlierInputs = 64;

    public static DecoderRecipe Fp32 { get; } = Parse("fp32");

    /// <summary>4 bit in blocks of 32, the head at 8 bit.</summary>
    public static DecoderRecipe Int4 { get; } = Parse("int4");

    /// <summary>What <c>import</c> and <c>pull</c> take for a processor unless they are told otherwise: 4 bit in blocks of 64 with
    /// zero points, sensitive layers in 8 bit. On trained weights the perplexity of a text rises by 7 and 10 % (without
    /// <see cref="Mixed"/> by 9 and 13 %, in blocks of 128 by 11 and 17 %, of 32 by 5 and 10 %). On x64 with AVX-512 VNNI the
    /// products of a single token take 9 % more time than in blocks of 128, 12 % less than in blocks of 32, sensitive layers in
    /// 8 bit a tenth more, and zero points nothing (decision 130).</summary>
    public static DecoderRecipe Default { get; } = Parse("int4-b64-zp-mixed");

    /// <summary>The smallest and fastest for single tokens, where memory matters more than loss: blocks of 128 (1.7B: 110 MiB
    /// less than <see cref="Default"/>).</summary>
    public static DecoderRecipe Lean { get; } = Parse("int4-b128");

    /// <summary>Syntax that <see cref="Parse"/> parses.</summary>
    public static string Grammar { get; } = WeightPrecision.Grammar(mixed: true);

    /// <summary>The recipes that <c>auto</c> tries: smallest first, each with more disk and less loss than the one before.</summary>
    internal static IReadOnlyList<DecoderRecipe> AutoCandidates { get; } =
        [.. from row in WeightPrecision.All from suffix in row.DecoderAutoSuffixes select Parse(row.Name + suffix)];

    /// <summary>Format of the attention's last matrix beside a body in <paramref name="body"/>.</summary>
    internal static WeightFormat AttentionOutput(WeightFormat body) =>
        body.Kind == WeightKind.DynamicInt8 ? body.WithExactInputs(OutlierInputs) : body;

    /// <summary>Every matrix in one format.</summary>
    internal static DecoderRecipe Uniform(WeightFormat format) => new(format.ToString(), format, format, format);

    /// <summary>The integers that a checkpoint has.</summary>
    /// <param name="bits">4 or 8: what most of its matrices have.</param>
    internal static DecoderRecipe Stored(int bits)
    {
        var body = WeightFormat.Stored(bits);
        return new DecoderRecipe($"stored-int{bits}", body, body, bits == 8 ? body : WeightFormat.Stored(8));
    }

    public bool IsExact => Body == WeightFormat.FullPrecision;

    /// <summary>Whether the layer's projections are kept at <see cref="Sensitive"/>: errors of the first layers go
    /// through all others, errors of the last are corrected by none. The rule is that of onnxruntime-genai's builder
    /// (<c>k_quant_mixed</c>) without its third layer in between, with at least one layer on each side.</summary>
    public static bool IsSensitive(int layer, int layers)
    {
        var eighth = Math.Max(1, layers / 8);
        return layer < eighth || layer >= layers - eighth;
    }

    /// <summary>Reads a name of <see cref="Grammar"/>.</summary>
    /// <exception cref="FormatException">It is another text.</exception>
    public static DecoderRecipe Parse(string name)
    {
        var mixed = name.EndsWith(Mixed, StringComparison.Ordinal);
        if (WeightFormat.Find(mixed ? name[..^Mixed.Length] : name) is not { } body || (mixed && !body.CanBeMixed))
        {
            throw new FormatException($"Unknown decoder precision '{name}'. Supported: {Grammar}.");
        }

        switch (body.Kind)
        {
            case WeightKind.FullPrecision or WeightKind.HalfPrecision:
                return new DecoderRecipe(name, body, body, body);
            case WeightKind.DynamicInt8:
                // The head multiplies only a few rows, so blocks cost no speed there, and they quantize its input more finely.
                return new DecoderRecipe(body.ToString(), body, body, WeightFormat.BlockQuantized(8));
            case WeightKind.BlockQuantized:
                // A head at 4 bit is known to make models repeat themselves; it is a twentieth of the weights.
                var eight = WeightFormat.BlockQuantized(8, body.BlockSize);
                return new DecoderRecipe(name, body, mixed ? eight : body, body.Bits == 8 ? body : eight);
            default:
                throw new UnreachableException($"No decoder recipe for {body.Kind}.");
        }
    }
}
