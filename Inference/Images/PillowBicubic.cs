namespace MobileVlm.Edge.Inference.Images;

/// <summary>Pillow's antialiased bicubic resampling weights for one axis, in its 8-bit fixed point
/// (<c>libImaging/Resample.c</c>: <c>precompute_coeffs</c>, <c>normalize_coeffs_8bpc</c>). The models were trained on
/// pictures scaled by Pillow; other bicubics differ by tens of grey levels where a picture shrinks.</summary>
internal sealed class PillowBicubic
{
    /// <summary>Fractional bits: 32 minus 8 for the pixel and 2 for overshoot.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private const double Support = 2.0;
    private const double A = -0.5;

    private PillowBicubic(int inputSize, int outputCount, int taps, int[] first, int[] count, int[] weights)
    {
        InputSize = inputSize;
        OutputCount = outputCount;
        Taps = taps;
        First = first;
        Count = count;
        Weights = weights;
    }

    public int InputSize { get; }

    /// <summary>Number of output samples that there are weights for.</summary>
    public int OutputCount { get; }

    /// <summary>Row length of <see cref="Weights"/>.</summary>
    public int Taps { get; }

    /// <summary>[outputCount]: first input sample of each output sample.</summary>
    public int[] First { get; }

    /// <summary>[outputCount]: number of input samples of each output sample.</summary>
    public int[] Count { get; }

    /// <summary>[outputCount, taps], in units of 2^-<see cref="PrecisionBits"/>.</summary>
    public int[] Weights { get; }

    /// <summary>Weights of all output samples.</summary>
    public static PillowBicubic Create(int inputSize, int outputSize) => Create(inputSize, outputSize, 0, outputSize);

    /// <summary>Weights of some of the output samples, for a picture that is resized and then cropped.</summary>
    /// <param name="inputSize">Samples of the axis.</param>
    /// <param name="outputSize">Samples of the resized axis.</param>
    /// <param name="from">The first output sample that is kept.</param>
    /// <param name="outputCount">How many are kept.</param>
    public static PillowBicubic Create(int inputSize, int outputSize, int from, int outputCount)
    {
        var scale = (double)inputSize / outputSize;
        var filterScale = Math.Max(scale, 1.0);
        var support = Support * filterScale;
        var taps = ((int)Math.Ceiling(support) * 2) + 1;

        var first = new int[outputCount];
        var count = new int[outputCount];
        var weights = new int[outputCount * taps];
        var row = new double[taps];
        for (var o = 0; o < outputCount; o++)
        {
            var center = (from + o + 0.5) * scale;
            var begin = Math.Max((int)(center - support + 0.5), 0);
            var n = Math.Min((int)(center + support + 0.5), inputSize) - begin;
            var sum = 0.0;
            for (var i = 0; i < n; i++)
            {
                row[i] = Kernel((i + begin - center + 0.5) / filterScale);
                sum += row[i];
            }

            for (var i = 0; i < n; i++)
            {
                var w = (sum != 0 ? row[i] / sum : row[i]) * (1 << PrecisionBits);
                weights[(o * taps) + i] = (int)(w < 0 ? w - 0.5 : w + 0.5);
            }

            first[o] = begin;
            count[o] = n;
        }

        return new PillowBicubic(inputSize, outputCount, taps, first, count, weights);
    }

    private static double Kernel(double x)
    {
        x = Math.Abs(x);
        if (x < 1.0)
        {
            return ((((A + 2.0) * x) - (A + 3.0)) * x * x) + 1;
        }

        return x < 2.0 ? ((((x - 5) * x) + 8) * x - 4) * A : 0.0;
    }
}
