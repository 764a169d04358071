using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Teaching.Numerics;

/// <summary>A symmetric positive definite matrix of a few hundred rows as the product of a triangle and its transpose.</summary>
internal sealed class CholeskyFactor
{
    private readonly double[] _triangle;
    private readonly int _rows;

    /// <param name="matrix">[rows, rows], symmetric and positive definite; overwritten.</param>
    /// <param name="rows">Rows.</param>
    public CholeskyFactor(double[] matrix, int rows)
    {
        (_triangle, _rows) = (matrix, rows);
        for (var row = 0; row < rows; row++)
        {
            var at = Row(row);
            for (var column = 0; column <= row; column++)
            {
                var rest = at[column] - TensorPrimitives.Dot<double>(at[..column], matrix.AsSpan(column * rows, column));
                at[column] = column == row ? Math.Sqrt(Math.Max(rest, 1e-12)) : rest / matrix[(column * rows) + column];
            }
        }
    }

    /// <summary>The vector that the matrix turns into another one, [rows].</summary>
    /// <param name="right">The other one, [rows].</param>
    public double[] Solve(ReadOnlySpan<double> right)
    {
        var solved = right.ToArray();
        for (var row = 0; row < _rows; row++)
        {
            var at = Row(row);
            solved[row] = (solved[row] - TensorPrimitives.Dot<double>(at[..row], solved.AsSpan(0, row))) / at[row];
        }

        // Column by column of the transpose, so that the products run along rows.
        for (var row = _rows - 1; row >= 0; row--)
        {
            var at = Row(row);
            solved[row] /= at[row];
            TensorPrimitives.MultiplyAdd<double>(at[..row], -solved[row], solved.AsSpan(0, row), solved.AsSpan(0, row));
        }

        return solved;
    }

    /// <summary>The diagonal of the matrix's inverse, [rows].</summary>
    public double[] InverseDiagonal()
    {
        var diagonal = new double[_rows];
        var solved = new double[_rows];
        for (var column = 0; column < _rows; column++)
        {
            // A column of the triangle's inverse.
            solved[column] = 1 / _triangle[(column * _rows) + column];
            for (var row = column + 1; row < _rows; row++)
            {
                solved[row] = -TensorPrimitives.Dot<double>(Row(row)[column..row], solved.AsSpan(column, row - column)) / _triangle[(row * _rows) + row];
            }

            diagonal[column] = TensorPrimitives.SumOfSquares<double>(solved.AsSpan(column));
        }

        return diagonal;
    }

    private Span<double> Row(int row) => _triangle.AsSpan(row * _rows, _rows);
}
