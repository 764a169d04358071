using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Teaching.Numerics;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>A logistic regression with an L2 penalty and an unpenalised intercept, in its dual form: labels are few and features many,
/// so that all matrices have as many rows as there are labels. With more than two classes it is multinomial.</summary>
/// <param name="Dual">[outputs][n]: the weights are the samples' features times these.</param>
/// <param name="Intercept">[outputs].</param>
/// <param name="LeftOut">[outputs][n]: outputs for each sample of a fit without it (Cawley and Talbot, 2008, from the last step of
/// Newton's method).</param>
internal sealed record KernelFit(double[][] Dual, double[] Intercept, double[][] LeftOut);

/// <summary>Fits logistic regressions by Newton's method.</summary>
internal static class KernelLogistic
{
    private const int MaxSteps = 60;
    private const double Enough = 1e-2;
    private const double SmallestCurvature = 1e-4;
    private const double LargestOutput = 30;

    /// <summary>Fits one regression for each strength of the penalty, from the strongest, each starting where the one before ended.</summary>
    /// <param name="kernel">[n, n]: products of the samples' features.</param>
    /// <param name="classes">[n].</param>
    /// <param name="outputs">1 for two classes, else the number of classes.</param>
    /// <param name="penalties">Strengths, in any order.</param>
    public static IEnumerable<KernelFit> FitPath(double[] kernel, ReadOnlyMemory<int> classes, int outputs, IEnumerable<double> penalties)
    {
        var n = classes.Length;
        var dual = Rows(outputs, n);
        var intercept = new double[outputs];
        foreach (var penalty in penalties.OrderDescending())
        {
            var fit = Fit(kernel, classes.Span, dual, intercept, penalty);
            yield return fit;
            (dual, intercept) = ([.. fit.Dual.Select(row => (double[])row.Clone())], (double[])fit.Intercept.Clone());
        }
    }

    private static KernelFit Fit(double[] kernel, ReadOnlySpan<int> classes, double[][] dual, double[] intercept, double penalty)
    {
        var (n, outputs) = (classes.Length, dual.Length);
        var (values, targets, curvature) = (Rows(outputs, n), Rows(outputs, n), Rows(outputs, n));
        var (factors, solutions) = (new CholeskyFactor[outputs], Rows(outputs, n));
        for (var output = 0; output < outputs; output++)
        {
            Evaluate(kernel, dual[output], intercept[output], values[output]);
        }

        // The curvature of a class does not contain its influence on the others, so a full step may go too far.
        var step = outputs == 1 ? 1.0 : 0.6;
        for (var iteration = 0; iteration < MaxSteps; iteration++)
        {
            Linearise(values, classes, targets, curvature);
            var change = 0.0;
            for (var output = 0; output < outputs; output++)
            {
                factors[output] = new CholeskyFactor(Penalised(kernel, curvature[output], penalty), n);
                change = Math.Max(change, Step(kernel, factors[output], step, targets[output], dual[output], ref intercept[output], values[output], solutions[output]));
            }

            if (change < Enough)
            {
                break;
            }
        }

        return new KernelFit(dual, intercept, [.. Enumerable.Range(0, outputs).Select(output => LeftOut(factors[output], targets[output], solutions[output]))]);
    }

    /// <summary>One step of Newton's method for one output; <paramref name="solution"/> receives the dual weights to which a whole step would lead.</summary>
    /// <returns>Largest change of a value.</returns>
    private static double Step(
        double[] kernel, CholeskyFactor factor, double step, double[] target, double[] dual, ref double intercept, double[] values, double[] solution)
    {
        var n = target.Length;
        var (sums, solved) = (Sums(factor, n), factor.Solve(target));
        var next = TensorPrimitives.Sum<double>(solved) / TensorPrimitives.Sum<double>(sums);
        intercept += step * (next - intercept);
        for (var row = 0; row < n; row++)
        {
            solution[row] = solved[row] - (next * sums[row]);
            dual[row] += step * (solution[row] - dual[row]);
        }

        var before = (double[])values.Clone();
        Evaluate(kernel, dual, intercept, values);
        return TensorPrimitives.Distance<double>(before, values) / Math.Sqrt(n);
    }

    /// <summary>Outputs for each sample of a fit without it, from the last step.</summary>
    private static double[] LeftOut(CholeskyFactor factor, double[] target, double[] solution)
    {
        var (sums, diagonal) = (Sums(factor, target.Length), factor.InverseDiagonal());
        var total = TensorPrimitives.Sum<double>(sums);
        return [.. target.Select((value, row) => value - (solution[row] / (diagonal[row] - (sums[row] * sums[row] / total))))];
    }

    /// <summary>The sums of the inverse's rows.</summary>
    private static double[] Sums(CholeskyFactor factor, int n)
    {
        var ones = new double[n];
        Array.Fill(ones, 1);
        return factor.Solve(ones);
    }

    /// <summary>What a least-squares fit has to reach, and how much each sample counts.</summary>
    private static void Linearise(double[][] values, ReadOnlySpan<int> classes, double[][] targets, double[][] curvature)
    {
        var outputs = values.Length;
        var probabilities = new double[outputs];
        for (var i = 0; i < classes.Length; i++)
        {
            for (var output = 0; output < outputs; output++)
            {
                probabilities[output] = values[output][i];
            }

            if (outputs == 1)
            {
                probabilities[0] = Heads.ModelScores.Sigmoid(probabilities[0]);
            }
            else
            {
                TensorPrimitives.SoftMax<double>(probabilities, probabilities);
            }

            for (var output = 0; output < outputs; output++)
            {
                var p = probabilities[output];
                var truth = (outputs == 1 ? classes[i] == 1 : classes[i] == output) ? 1 : 0;
                curvature[output][i] = Math.Max(p * (1 - p), SmallestCurvature);
                targets[output][i] = values[output][i] - ((p - truth) / curvature[output][i]);
            }
        }
    }

    private static double[] Penalised(double[] kernel, double[] curvature, double penalty)
    {
        var matrix = (double[])kernel.Clone();
        for (var i = 0; i < curvature.Length; i++)
        {
            matrix[(i * curvature.Length) + i] += penalty / curvature[i];
        }

        return matrix;
    }

    /// <summary>Outputs for rows of a kernel, [rows].</summary>
    /// <param name="kernel">[rows, n].</param>
    /// <param name="dual">[n].</param>
    /// <param name="intercept">Added to each.</param>
    /// <param name="values">[rows].</param>
    public static void Evaluate(double[] kernel, double[] dual, double intercept, Span<double> values)
    {
        for (var row = 0; row < values.Length; row++)
        {
            values[row] = Math.Clamp(
                TensorPrimitives.Dot<double>(kernel.AsSpan(row * dual.Length, dual.Length), dual) + intercept, -LargestOutput, LargestOutput);
        }
    }

    private static double[][] Rows(int rows, int length) => [.. Enumerable.Range(0, rows).Select(_ => new double[length])];
}
