using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Compensates the error of each quantized weight by the weights after it that are not quantized yet (GPTQ, Frantar et
/// al., ICLR 2023): with H the covariance of the inputs and U the upper triangular factor of its inverse, H^-1 = U^T U, an error
/// e of weight i is divided by U[i, i] and subtracted, times U[i, j], from each weight j > i of the row. Within the groups of
/// <see cref="InputCovariance"/>.</summary>
internal sealed unsafe class ErrorCompensation
{
    /// <summary>Added to the diagonal of the covariance, as a share of its mean: inputs that calibration hardly saw, or saw only
    /// together, would otherwise take over errors that they cannot compensate in another text.</summary>
    public const float Damping = 0.01f;

    /// <summary>Rows that a thread quantizes together.</summary>
    private const int RowsTogether = 16;

    private readonly float[][] _factors;

    /// <param name="covariance">Of the layer's inputs.</param>
    /// <param name="scales">What the layer's inputs are divided by, [inputs]; null for nothing.</param>
    public ErrorCompensation(InputCovariance covariance, float[]? scales)
    {
        Inputs = covariance.Inputs;
        _factors = new float[covariance.Groups][];
        Parallel.For(0, covariance.Groups, group =>
        {
            var (size, start) = (covariance.SizeOf(group), group * InputCovariance.GroupSize);
            _factors[group] = Factor(covariance.Group(group), size, scales is null ? default : scales.AsSpan(start, size));
        });
    }

    /// <summary>Inputs of the layer.</summary>
    public int Inputs { get; }

    /// <summary>Quantizes rows; all threads share the work.</summary>
    /// <param name="rows">[n, inputs].</param>
    /// <param name="importance">[inputs], by which a block's scale is found: the mean squares of the inputs. With the share of an
    /// error that is left after compensation instead, which is what counts on the calibration inputs themselves, the loss on other
    /// texts is half as large again.</param>
    /// <param name="quantizer">Of the layer's format.</param>
    /// <param name="packed">[n, blocks, blobSize].</param>
    /// <param name="scales">[n, blocks].</param>
    /// <param name="zeros">[n, zeroPointBytes], or empty where they are not stored.</param>
    public void QuantizeRows(
        ReadOnlyMemory<float> rows, float[] importance, BlockQuantizer quantizer, Memory<byte> packed, Memory<float> scales, Memory<byte> zeros)
    {
        var count = rows.Length / Inputs;
        Parallel.For(0, (count + RowsTogether - 1) / RowsTogether, tile =>
        {
            var from = tile * RowsTogether;
            var n = Math.Min(RowsTogether, count - from);
            Memory<T> Part<T>(Memory<T> all) => all.Slice(from * (all.Length / count), n * (all.Length / count));
            QuantizeTile(rows.Span.Slice(from * Inputs, n * Inputs), n, importance, quantizer, Part(packed).Span, Part(scales).Span, Part(zeros).Span);
        });
    }

    private void QuantizeTile(
        ReadOnlySpan<float> rows, int count, float[] importance, BlockQuantizer quantizer, Span<byte> packed, Span<float> scales, Span<byte> zeros)
    {
        var weights = rows.ToArray();
        var (blocks, zeroBytes) = (scales.Length / count, zeros.Length / count);
        var errors = new float[count * quantizer.BlockSize];
        packed.Clear();
        zeros.Clear();
        for (var block = 0; block < blocks; block++)
        {
            var from = block * quantizer.BlockSize;
            var length = Math.Min(quantizer.BlockSize, Inputs - from);
            var group = from / InputCovariance.GroupSize;
            var (factor, start) = (_factors[group], group * InputCovariance.GroupSize);
            var size = Math.Min(InputCovariance.GroupSize, Inputs - start);
            for (var row = 0; row < count; row++)
            {
                QuantizeBlock(
                    weights.AsSpan((row * Inputs) + from, length), importance.AsSpan(from, length), factor, size, from - start,
                    errors.AsSpan(row * length, length), quantizer, packed.Slice(((row * blocks) + block) * quantizer.BlobSize, quantizer.BlobSize),
                    ref scales[(row * blocks) + block], zeros.Slice(row * zeroBytes, zeroBytes), block);
            }

            fixed (float* w = weights, e = errors, u = factor)
            {
                MatrixKernel.AddProduct(
                    w + start, Inputs, e, u + ((long)(from - start) * size), size, count, length, from - start + length, size);
            }
        }
    }

    /// <param name="weights">The block; changed.</param>
    /// <param name="importance">Of its weights.</param>
    /// <param name="factor">[size, size].</param>
    /// <param name="size">Inputs of the group.</param>
    /// <param name="at">The block's first input within the group.</param>
    /// <param name="errors">Receives what is added to later weights, times their factor.</param>
    /// <param name="quantizer">Of the layer's format.</param>
    /// <param name="blob">The block's codes.</param>
    /// <param name="scale">The block's scale.</param>
    /// <param name="zeros">The row's zero points.</param>
    /// <param name="block">Number of the block in its row.</param>
    private static void QuantizeBlock(
        Span<float> weights, ReadOnlySpan<float> importance, float[] factor, int size, int at, Span<float> errors, BlockQuantizer quantizer,
        Span<byte> blob, ref float scale, Span<byte> zeros, int block)
    {
        var parameters = quantizer.Find(weights, importance);
        for (var i = 0; i < weights.Length; i++)
        {
            var value = quantizer.PutNearest(weights[i], parameters, blob, i);
            var line = factor.AsSpan(((at + i) * size) + at, weights.Length);
            var error = (value - weights[i]) / line[i];
            errors[i] = error;
            var rest = weights[(i + 1)..];
            TensorPrimitives.MultiplyAdd(line[(i + 1)..], error, rest, rest);
        }

        quantizer.Finish(parameters, blob, weights.Length, zeros, block);
        scale = parameters.Scale;
    }

    /// <summary>U of the damped covariance, [size, size]. With the order of the inputs reversed, the lower triangular L of
    /// Cholesky's decomposition is an upper triangular one, of which U is the inverse.</summary>
    private static float[] Factor(ReadOnlySpan<float> covariance, int size, ReadOnlySpan<float> scales)
    {
        var lower = new double[size * size];
        var mean = 0.0;
        for (var i = 0; i < size; i++)
        {
            for (var j = i; j < size; j++)
            {
                var divisor = scales.IsEmpty ? 1 : (double)scales[i] * scales[j];
                lower[((size - 1 - i) * size) + (size - 1 - j)] = covariance[(i * size) + j] / divisor;
            }

            mean += lower[((size - 1 - i) * size) + (size - 1 - i)] / size;
        }

        var damping = (mean > 0 ? mean : 1) * Damping;
        for (var i = 0; i < size; i++)
        {
            lower[(i * size) + i] += damping;
        }

        Decompose(lower, size);
        var inverse = Invert(lower, size);
        var factor = new float[size * size];
        for (var i = 0; i < size; i++)
        {
            for (var j = i; j < size; j++)
            {
                factor[(i * size) + j] = (float)inverse[((size - 1 - i) * size) + (size - 1 - j)];
            }
        }

        return factor;
    }

    /// <summary>Cholesky's decomposition in place, of the lower triangle.</summary>
    private static void Decompose(double[] matrix, int size)
    {
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = matrix[(i * size) + j] - TensorPrimitives.Dot<double>(matrix.AsSpan(i * size, j), matrix.AsSpan(j * size, j));
                matrix[(i * size) + j] = i == j ? Math.Sqrt(sum) : sum / matrix[(j * size) + j];
            }
        }
    }

    /// <summary>The inverse of a lower triangular matrix.</summary>
    private static double[] Invert(double[] lower, int size)
    {
        var inverse = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            var line = inverse.AsSpan(i * size, i + 1);
            for (var k = 0; k < i; k++)
            {
                var known = inverse.AsSpan(k * size, k + 1);
                TensorPrimitives.MultiplyAdd(known, -lower[(i * size) + k], line[..(k + 1)], line[..(k + 1)]);
            }

            line[i] = 1;
            TensorPrimitives.Divide(line, lower[(i * size) + i], line);
        }

        return inverse;
    }
}
