using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>How a matrix is stored and multiplied.</summary>
public enum WeightKind
{
    /// <summary>float32, exact.</summary>
    FullPrecision,

    /// <summary>Stored as float16 and widened when the model is opened: half the disk, the memory of float32.</summary>
    HalfPrecision,

    /// <summary>Integers in blocks along the inputs, one scale each; activations rounded block by block.</summary>
    BlockQuantized,

    /// <summary>8-bit weights with one scale an output and 8- or 7-bit activations with one scale a row: the fastest where
    /// many rows come at once, the weakest against outliers within a row.</summary>
    DynamicInt8,
}

/// <summary>The stored form of a matrix, as it is named in a manifest: <c>fp32</c>, <c>fp16</c>, <c>int4-b32</c>,
/// <c>int8-b128-zp</c>, <c>w8a8</c>, <c>w8a7-e64</c>.</summary>
public readonly partial record struct WeightFormat
{
    public static readonly WeightFormat Exact;
    public static readonly WeightFormat Halves = new() { Kind = WeightKind.HalfPrecision };
    public static readonly WeightFormat Rows = new() { Kind = WeightKind.DynamicInt8, Bits = 8, ActivationBits = 8 };

    /// <summary>Products of pairs of 7-bit activations and 8-bit weights fit 16 bits, so that processors without int8 dot
    /// products need not take care of overflow.</summary>
    public static readonly WeightFormat NarrowRows = Rows with { ActivationBits = 7 };

    public WeightKind Kind { get; private init; }

    /// <summary>4 or 8; 0 for floats.</summary>
    public int Bits { get; private init; }

    /// <summary>Weights that share a scale: 32, 64 or 128; 0 where there are no blocks.</summary>
    public int BlockSize { get; private init; }

    /// <summary>Whether each block also has the code that means zero, for blocks that lie to one side of it.</summary>
    public bool ZeroPoints { get; private init; }

    /// <summary>8 or 7 where activations have one scale a row, else 0.</summary>
    public int ActivationBits { get; private init; }

    /// <summary>Of <see cref="WeightKind.DynamicInt8"/>: so many inputs, those that calibration saw largest, are multiplied in
    /// float32 and do not widen the others' scale.</summary>
    public int ExactInputs { get; private init; }

    /// <summary>The same with the largest inputs kept exact.</summary>
    public WeightFormat Keeping(int exactInputs) => Kind == WeightKind.DynamicInt8
        ? this with { ExactInputs = exactInputs }
        : throw new InvalidOperationException($"{this} has no exact inputs.");

    public static WeightFormat Blocks(int bits, int blockSize, bool zeroPoints = false) => new()
    {
        Kind = WeightKind.BlockQuantized,
        Bits = bits is 4 or 8 ? bits : throw new ArgumentOutOfRangeException(nameof(bits), bits, "4 or 8"),
        BlockSize = blockSize is 32 or 64 or 128
            ? blockSize
            : throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "32, 64 or 128"),
        ZeroPoints = zeroPoints,
    };

    /// <summary>Bytes that one weight takes on the disk, its share of scales and zero points included; the scales of
    /// outputs are left out, one for thousands of weights.</summary>
    public double BytesPerWeight => Kind switch
    {
        WeightKind.FullPrecision => 4,
        WeightKind.HalfPrecision => 2,
        WeightKind.DynamicInt8 => 1,
        _ => (Bits / 8.0) + ((4.0 + (ZeroPoints ? Bits / 8.0 : 0)) / BlockSize),
    };

    public override string ToString() => Kind switch
    {
        WeightKind.FullPrecision => "fp32",
        WeightKind.HalfPrecision => "fp16",
        WeightKind.DynamicInt8 => $"w8a{ActivationBits}{(ExactInputs > 0 ? $"-e{ExactInputs}" : "")}",
        _ => $"int{Bits}-b{BlockSize}{(ZeroPoints ? "-zp" : "")}",
    };

    /// <summary>Reads <c>fp32</c>, <c>fp16</c>, <c>w8a8</c>, <c>w8a7</c> or <c>int4|int8[-b32|-b64|-b128][-zp]</c>; blocks are of 32
    /// unless said otherwise.</summary>
    internal static WeightFormat? Find(string name)
    {
        switch (name)
        {
            case "fp32":
                return Exact;
            case "fp16":
                return Halves;
            case "w8a8":
                return Rows;
            case "w8a7":
                return NarrowRows;
            default:
                var match = BlockName().Match(name);
                return match.Success
                    ? Blocks(
                        match.Groups["bits"].ValueSpan[0] - '0',
                        match.Groups["block"] is { Success: true } block ? int.Parse(block.ValueSpan, provider: null) : 32,
                        match.Groups["zp"].Success)
                    : null;
        }
    }

    [GeneratedRegex("^int(?<bits>4|8)(-b(?<block>32|64|128))?(?<zp>-zp)?$", RegexOptions.CultureInvariant)]
    private static partial Regex BlockName();
}
