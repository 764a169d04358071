namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Products of a layer's inputs with each other, summed up over calibration: the Hessian of the squared error of its
/// outputs. Only within groups of neighbouring inputs, which bounds memory, disk and time for wide layers.</summary>
internal sealed unsafe class InputCovariance
{
    /// <summary>Inputs of a group; a multiple of every block size.</summary>
    public const int GroupSize = 1024;

    private readonly float[][] _groups;

    /// <param name="inputs">Inputs of the layer.</param>
    public InputCovariance(int inputs)
    {
        Inputs = inputs;
        _groups = [.. Enumerable.Range(0, (inputs + GroupSize - 1) / GroupSize).Select(g => new float[SizeOf(g) * SizeOf(g)])];
    }

    /// <summary>Inputs of the layer.</summary>
    public int Inputs { get; }

    /// <summary>Number of groups.</summary>
    public int Groups => _groups.Length;

    /// <summary>Number of inputs in a group.</summary>
    public int SizeOf(int group) => Math.Min(GroupSize, Inputs - (group * GroupSize));

    /// <summary>[size, size], row by row; only elements on and right of the diagonal are set.</summary>
    public ReadOnlySpan<float> Group(int group) => _groups[group];

    /// <summary>Bytes that <see cref="Save"/> writes for a layer.</summary>
    /// <param name="inputs">Inputs of the layer.</param>
    public static long SavedBytes(long inputs)
    {
        static long Triangle(long size) => size * (size + 1) / 2 * sizeof(float);
        return (inputs / GroupSize * Triangle(GroupSize)) + Triangle(inputs % GroupSize);
    }

    /// <summary>Adds rows, [n, inputs]; all threads share the work.</summary>
    public void Add(ReadOnlySpan<float> rows)
    {
        var count = rows.Length / Inputs;
        fixed (float* first = rows)
        {
            var values = (nint)first;
            for (var group = 0; group < Groups; group++)
            {
                Add(group, (float*)values, count);
            }
        }
    }

    /// <summary>Writes all groups, without what is left of the diagonals.</summary>
    public void Save(Stream stream) => ForEachLine(line => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(line)));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    public static InputCovariance Load(Stream stream, int inputs)
    {
        var covariance = new InputCovariance(inputs);
        covariance.ForEachLine(line => stream.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(line)));
        return covariance;
    }

    private void Add(int group, float* values, int count)
    {
        const int Stripe = 64;
        var (size, start) = (SizeOf(group), group * GroupSize);

        // The transposed rows: one line for each input of the group.
        var transposed = new float[size * count];
        Parallel.For(0, (size + Stripe - 1) / Stripe, stripe =>
        {
            for (var row = 0; row < count; row++)
            {
                var line = values + ((long)row * Inputs) + start;
                for (var i = stripe * Stripe; i < Math.Min(size, (stripe + 1) * Stripe); i++)
                {
                    transposed[(i * count) + row] = line[i];
                }
            }
        });
        Parallel.For(0, (size + Stripe - 1) / Stripe, stripe =>
        {
            var (from, to) = (stripe * Stripe, Math.Min(size, (stripe + 1) * Stripe));
            fixed (float* a = transposed)
            fixed (float* c = _groups[group])
            {
                MatrixKernel.AddProduct(c + ((long)from * size), size, a + ((long)from * count), values + start, Inputs, to - from, count, from, size);
            }
        });
    }

    private void ForEachLine(LineAction action)
    {
        for (var group = 0; group < Groups; group++)
        {
            var size = SizeOf(group);
            for (var i = 0; i < size; i++)
            {
                action(_groups[group].AsSpan((i * size) + i, size - i));
            }
        }
    }

    private delegate void LineAction(Span<float> line);
}
