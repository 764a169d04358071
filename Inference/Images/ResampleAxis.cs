namespace MobileVlm.Edge.Inference.Images;

/// <summary>Pillow's weights for one axis of a picture that is padded to a square, prepared for the vectorised loops. Taps that lie in
/// the padding are not read: their share of the sum is the same for every row, so it is part of <see cref="Base"/>. Sums are integers,
/// so the order of additions does not change a bit. Immutable.</summary>
internal sealed class ResampleAxis
{
    /// <summary>Taps of one group in <see cref="Groups"/>.</summary>
    public const int GroupTaps = 4;

    /// <summary>Values of one group: the high parts of its weights, then the low parts.</summary>
    public const int GroupValues = 2 * GroupTaps;

    /// <summary>Bits of the low part of a weight. A weight is at most about 2^22, so both parts fit 16 bits with sign.</summary>
    public const int LowBits = 11;

    private const int Half = 1 << (PillowBicubic.PrecisionBits - 1);

    /// <param name="pillow">Weights of the padded axis, or of what is kept of a cropped one.</param>
    /// <param name="offset">First sample of the picture on the padded axis.</param>
    /// <param name="length">Samples of the picture.</param>
    /// <param name="padding">Colour of the padding, red first.</param>
    public ResampleAxis(PillowBicubic pillow, int offset, int length, ReadOnlySpan<byte> padding)
    {
        var outputs = pillow.OutputCount;
        First = new int[outputs];
        Count = new int[outputs];
        Base = new int[4 * outputs];

        // An even number, because the widest vectors take two groups at a time.
        GroupsPerOutput = (Math.Min(pillow.Taps, length) + (2 * GroupTaps) - 1) / (2 * GroupTaps) * 2;
        TapsPerOutput = GroupsPerOutput * GroupTaps;
        Weights = new int[outputs * TapsPerOutput];
        Groups = new short[outputs * GroupsPerOutput * GroupValues];
        for (var o = 0; o < outputs; o++)
        {
            var weights = pillow.Weights.AsSpan(o * pillow.Taps, pillow.Count[o]);
            var from = Math.Clamp(offset - pillow.First[o], 0, weights.Length);
            var to = Math.Clamp(offset + length - pillow.First[o], from, weights.Length);
            (First[o], Count[o]) = to > from ? (pillow.First[o] + from - offset, to - from) : (0, 0);
            weights[from..to].CopyTo(Weights.AsSpan(o * TapsPerOutput));
            var padded = Sum(weights[..from]) + Sum(weights[to..]);
            for (var c = 0; c < 3; c++)
            {
                Base[(4 * o) + c] = Half + (padding[c] * padded);
            }
        }

        for (var i = 0; i < Weights.Length; i++)
        {
            var at = (i / GroupTaps * GroupValues) + (i % GroupTaps);
            Groups[at] = (short)(Weights[i] >> LowBits);
            Groups[at + GroupTaps] = (short)(Weights[i] & ((1 << LowBits) - 1));
        }
    }

    /// <summary>[outputs]: the first sample of the picture that each output sample reads.</summary>
    public int[] First { get; }

    /// <summary>[outputs]: samples of the picture that each output sample reads; 0 where it lies in the padding.</summary>
    public int[] Count { get; }

    /// <summary>[outputs, 4]: what the padding adds to each channel, and one half for rounding. The fourth one is unused.</summary>
    public int[] Base { get; }

    /// <summary>Row length of <see cref="Weights"/>.</summary>
    public int TapsPerOutput { get; }

    /// <summary>[outputs, taps], in units of 2^-<see cref="PillowBicubic.PrecisionBits"/>, 0 behind <see cref="Count"/>.</summary>
    public int[] Weights { get; }

    /// <summary>Groups of one output sample, an even number.</summary>
    public int GroupsPerOutput { get; }

    /// <summary>[outputs, groups, 2, 4]: <see cref="Weights"/> as high and low parts, weight = high * 2^<see cref="LowBits"/> + low.</summary>
    public short[] Groups { get; }

    private static int Sum(ReadOnlySpan<int> weights)
    {
        var sum = 0;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        return sum;
    }
}
