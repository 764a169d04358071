using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>Kinds of storage and multiplication of a matrix.</summary>
public enum WeightKind
{
    /// <summary>float32, exact.</summary>
    FullPrecision,

    /// <summary>Stored as float16 and widened when the model is opened: half the disk, the memory of float32.</summary>
    HalfPrecision,

    /// <summary>Integers in blocks along the inputs, one scale each; activations are quantized block by block.</summary>
    BlockQuantized,

    /// <summary>8-bit weights with one scale per output and 8- or 7-bit activations with one scale per row: the fastest where
    /// many rows come at once, the weakest against outliers within a row.</summary>
    DynamicInt8,
}

/// <summary>The stored form of a matrix, as it is named in a manifest: <c>fp32</c>, <c>fp16</c>, <c>int4-b32</c>,
/// <c>int8-b128-zp</c>, <c>w8a8s</c>, <c>w8a7-e64</c>.</summary>
public readonly partial record struct WeightFormat
{
    /// <summary>Number of weights that share a scale where a format's name has no block size.</summary>
    internal const int DefaultBlockSize = 32;

    public static readonly WeightFormat FullPrecision;
    public static readonly WeightFormat HalfPrecision = new() { Kind = WeightKind.HalfPrecision };

    /// <summary>Unsigned activations by signed weights, which int8 dot products take (VNNI, AVX-VNNI, AMX; on Arm all forms).
    /// Products of AVX2 saturate with them.</summary>
    public static readonly WeightFormat SignedDynamicInt8 =
        new() { Kind = WeightKind.DynamicInt8, Bits = 8, ActivationBits = 8, HasSignedWeights = true };

    /// <summary>Both sides unsigned: exact on every processor, and on x64 multiplied in 16 bits, half as fast as
    /// <see cref="SignedDynamicInt8"/> where there are int8 dot products.</summary>
    public static readonly WeightFormat UnsignedDynamicInt8 = SignedDynamicInt8 with { HasSignedWeights = false };

    /// <summary>Products of pairs of 7-bit activations and 8-bit signed weights fit 16 bits, so that processors without int8
    /// dot products need not avoid overflow.</summary>
    public static readonly WeightFormat NarrowDynamicInt8 = SignedDynamicInt8 with { ActivationBits = 7 };

    /// <summary>Name for the 8-bit form that this machine's processor multiplies exactly and fastest:
    /// <see cref="SignedDynamicInt8"/> with int8 dot products, else <see cref="UnsignedDynamicInt8"/>.</summary>
    internal const string DynamicInt8Alias = "w8a8";

    public WeightKind Kind { get; private init; }

    /// <summary>4 or 8; 0 for floats.</summary>
    public int Bits { get; private init; }

    /// <summary>Number of weights that share a scale: 32, 64 or 128; 0 where there are no blocks.</summary>
    public int BlockSize { get; private init; }

    /// <summary>Whether each block stores a zero point, which helps blocks whose values are mostly of one sign.</summary>
    public bool ZeroPoints { get; private init; }

    /// <summary>8 or 7 where activations have one scale per row, else 0.</summary>
    public int ActivationBits { get; private init; }

    /// <summary>Whether weights are signed bytes; only for <see cref="WeightKind.DynamicInt8"/>.</summary>
    public bool HasSignedWeights { get; private init; }

    /// <summary>Number of inputs that are multiplied in float32, so that they do not widen the others' scale: those that were
    /// largest in calibration. Only for <see cref="WeightKind.DynamicInt8"/>.</summary>
    public int ExactInputCount { get; private init; }

    /// <summary>Whether matrices that a checkpoint has in integers of this kind are written with the same integers; others are quantized
    /// with the bits that suit their stored type.</summary>
    public bool KeepsStored { get; private init; }

    /// <summary>Whether a decoder of this format can have sensitive layers at more bits.</summary>
    internal bool CanBeMixed => Kind == WeightKind.BlockQuantized && Bits < 8;

    /// <summary>The same with the largest inputs kept in float32.</summary>
    /// <exception cref="InvalidOperationException">The format quantizes no inputs.</exception>
    public WeightFormat WithExactInputs(int count) => Kind == WeightKind.DynamicInt8
        ? this with { ExactInputCount = count }
        : throw new InvalidOperationException($"{this} has no exact inputs.");

    /// <summary>Integers as the checkpoint has them.</summary>
    /// <param name="bits">4 or 8: what most of them have.</param>
    internal static WeightFormat Stored(int bits) => BlockQuantized(bits) with { KeepsStored = true };

    /// <param name="bits">4 or 8.</param>
    /// <param name="blockSize">Weights that share a scale: 32, 64 or 128.</param>
    /// <param name="zeroPoints">Whether each block has a zero point.</param>
    public static WeightFormat BlockQuantized(int bits, int blockSize = DefaultBlockSize, bool zeroPoints = false) => new()
    {
        Kind = WeightKind.BlockQuantized,
        Bits = bits is 4 or 8 ? bits : throw new ArgumentOutOfRangeException(nameof(bits), bits, "4 or 8"),
        BlockSize = blockSize is 32 or 64 or 128
            ? blockSize
            : throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "32, 64 or 128"),
        ZeroPoints = zeroPoints,
    };

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{WeightPrecision.Of(this).Name}{(BlockSize > 0 ? $"-b{BlockSize}" : "")}{(ZeroPoints ? "-zp" : "")}{(ExactInputCount > 0 ? $"-e{ExactInputCount}" : "")}");

    /// <summary>Reads a name of <see cref="WeightPrecision.All"/>, for formats in blocks followed by <c>[-b32|-b64|-b128][-zp]</c>.
    /// Null for any other text.</summary>
    internal static WeightFormat? Find(string name)
    {
        if (name == DynamicInt8Alias)
        {
            return ProcessorFeatures.ThisMachine.HasInt8DotProducts ? SignedDynamicInt8 : UnsignedDynamicInt8;
        }

        var match = Variant().Match(name);
        var row = WeightPrecision.All.FirstOrDefault(row => row.Name == (row.HasBlocks ? match.Groups["name"].Value : name));
        return row is null ? null
            : !row.HasBlocks ? row.Format
            : BlockQuantized(
                row.Format.Bits,
                match.Groups["block"] is { Success: true } block
                    ? int.Parse(block.ValueSpan, CultureInfo.InvariantCulture)
                    : DefaultBlockSize,
                match.Groups["zp"].Success);
    }

    [GeneratedRegex("^(?<name>[a-z0-9]+)(-b(?<block>32|64|128))?(?<zp>-zp)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Variant();
}
