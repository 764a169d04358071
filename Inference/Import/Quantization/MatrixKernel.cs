using System.Numerics;
using System.Runtime.CompilerServices;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Products of small matrices in single precision. Each element is summed up by one thread and in one order, so that
/// results do not depend on the number of threads.</summary>
internal static unsafe class MatrixKernel
{
    /// <summary>Rows of the result that are computed together: each row of B is then read once for all of them.</summary>
    public const int RowsTogether = 4;

    /// <summary>C += A B, row by row of C, for columns <paramref name="from"/> to <paramref name="to"/>.</summary>
    /// <param name="c">[rows, ..], row i begins at i * <paramref name="stride"/>.</param>
    /// <param name="stride">Elements from one row of C to the next.</param>
    /// <param name="a">[rows, depth], row i begins at i * <paramref name="depth"/>.</param>
    /// <param name="b">[depth, ..], row k begins at k * <paramref name="strideB"/>.</param>
    /// <param name="strideB">Elements from one row of B to the next.</param>
    /// <param name="rows">Any number.</param>
    /// <param name="depth">Columns of A.</param>
    /// <param name="from">First column of B and C.</param>
    /// <param name="to">Column behind the last.</param>
    public static void AddProduct(float* c, int stride, float* a, float* b, int strideB, int rows, int depth, int from, int to)
    {
        // Columns that stay in the second-level cache while all rows pass.
        const int Tile = 128;
        for (var tile = from; tile < to; tile += Tile)
        {
            var end = Math.Min(to, tile + Tile);
            var row = 0;
            for (; row + RowsTogether <= rows; row += RowsTogether)
            {
                AddRows(c + ((long)row * stride), stride, a + ((long)row * depth), depth, b, strideB, tile, end);
            }

            for (; row < rows; row++)
            {
                AddRow(c + ((long)row * stride), a + ((long)row * depth), depth, b, strideB, tile, end);
            }
        }
    }

    private static void AddRows(float* c, int stride, float* a, int depth, float* b, int strideB, int from, int to)
    {
        float* c1 = c + stride, c2 = c + (2L * stride), c3 = c + (3L * stride);
        float* a1 = a + depth, a2 = a + (2L * depth), a3 = a + (3L * depth);
        var (width, j) = (Vector<float>.Count, from);
        for (; j + (2 * width) <= to; j += 2 * width)
        {
            var (s0, s1, s2, s3) = (Vector.Load(c + j), Vector.Load(c1 + j), Vector.Load(c2 + j), Vector.Load(c3 + j));
            var (t0, t1, t2, t3) = (Vector.Load(c + j + width), Vector.Load(c1 + j + width), Vector.Load(c2 + j + width), Vector.Load(c3 + j + width));
            var p = b + j;
            for (var k = 0; k < depth; k++, p += strideB)
            {
                var (x, y) = (Vector.Load(p), Vector.Load(p + width));
                var (f0, f1, f2, f3) = (new Vector<float>(a[k]), new Vector<float>(a1[k]), new Vector<float>(a2[k]), new Vector<float>(a3[k]));
                s0 = Vector.FusedMultiplyAdd(f0, x, s0);
                t0 = Vector.FusedMultiplyAdd(f0, y, t0);
                s1 = Vector.FusedMultiplyAdd(f1, x, s1);
                t1 = Vector.FusedMultiplyAdd(f1, y, t1);
                s2 = Vector.FusedMultiplyAdd(f2, x, s2);
                t2 = Vector.FusedMultiplyAdd(f2, y, t2);
                s3 = Vector.FusedMultiplyAdd(f3, x, s3);
                t3 = Vector.FusedMultiplyAdd(f3, y, t3);
            }

            Store(s0, t0, c + j);
            Store(s1, t1, c1 + j);
            Store(s2, t2, c2 + j);
            Store(s3, t3, c3 + j);
        }

        if (j < to)
        {
            AddRow(c, a, depth, b, strideB, j, to);
            AddRow(c1, a1, depth, b, strideB, j, to);
            AddRow(c2, a2, depth, b, strideB, j, to);
            AddRow(c3, a3, depth, b, strideB, j, to);
        }
    }

    private static void AddRow(float* c, float* a, int depth, float* b, int strideB, int from, int to)
    {
        for (var k = 0; k < depth; k++)
        {
            var p = b + ((long)k * strideB);
            var factor = new Vector<float>(a[k]);
            var j = from;
            for (; j + Vector<float>.Count <= to; j += Vector<float>.Count)
            {
                Vector.Store(Vector.FusedMultiplyAdd(factor, Vector.Load(p + j), Vector.Load(c + j)), c + j);
            }

            for (; j < to; j++)
            {
                c[j] = MathF.FusedMultiplyAdd(a[k], p[j], c[j]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector<float> first, Vector<float> second, float* to)
    {
        Vector.Store(first, to);
        Vector.Store(second, to + Vector<float>.Count);
    }
}
