using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Teaching.Numerics;

/// <summary>Inverts symmetric positive definite matrices of a few hundred rows.</summary>
internal static class PositiveMatrix
{
    /// <summary>Inverse by Cholesky decomposition, [n, n].</summary>
    /// <param name="matrix">[n, n], symmetric and positive definite; overwritten.</param>
    /// <param name="n">Rows.</param>
    public static double[] Inverse(double[] matrix, int n)
    {
        for (var row = 0; row < n; row++)
        {
            var at = matrix.AsSpan(row * n, n);
            for (var column = 0; column <= row; column++)
            {
                var rest = at[column] - TensorPrimitives.Dot(at[..column], matrix.AsSpan(column * n, column));
                at[column] = column == row ? Math.Sqrt(Math.Max(rest, 1e-12)) : rest / matrix[(column * n) + column];
            }
        }

        // The inverse of the triangle, by columns, so that the products below run along rows.
        var columns = new double[n * n];
        for (var column = 0; column < n; column++)
        {
            var solved = columns.AsSpan(column * n, n);
            solved[column] = 1 / matrix[(column * n) + column];
            for (var row = column + 1; row < n; row++)
            {
                solved[row] = -TensorPrimitives.Dot(matrix.AsSpan((row * n) + column, row - column), solved[column..row])
                    / matrix[(row * n) + row];
            }
        }

        var inverse = new double[n * n];
        for (var row = 0; row < n; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                inverse[(row * n) + column] = inverse[(column * n) + row] = TensorPrimitives.Dot(
                    columns.AsSpan((row * n) + row, n - row), columns.AsSpan((column * n) + row, n - row));
            }
        }

        return inverse;
    }
}
