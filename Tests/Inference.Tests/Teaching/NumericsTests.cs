using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Teaching.Numerics;

namespace MobileVlm.Edge.Inference.Tests.Teaching;

public sealed class NumericsTests
{
    [Fact]
    public void A_matrix_times_what_its_factor_solves_is_the_right_side_and_the_diagonal_is_that_of_the_inverse()
    {
        const int N = 17;
        var random = new Random(1);
        var half = Enumerable.Range(0, N * N).Select(_ => random.NextDouble() - 0.5).ToArray();
        var matrix = new double[N * N];
        for (var i = 0; i < N * N; i++)
        {
            var (row, column) = (i / N, i % N);
            matrix[i] = Enumerable.Range(0, N).Sum(k => half[(row * N) + k] * half[(column * N) + k]) + (row == column ? 0.1 : 0);
        }

        var factor = new CholeskyFactor((double[])matrix.Clone(), N);
        var diagonal = factor.InverseDiagonal();
        for (var column = 0; column < N; column++)
        {
            var unit = new double[N];
            unit[column] = 1;
            var solved = factor.Solve(unit);
            for (var row = 0; row < N; row++)
            {
                Assert.Equal(unit[row], Enumerable.Range(0, N).Sum(k => matrix[(row * N) + k] * solved[k]), 1e-8);
            }

            Assert.Equal(solved[column], diagonal[column], 1e-8);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void At_the_solution_the_gradient_vanishes(int outputs)
    {
        var (kernel, classes) = Problem(24, outputs == 1 ? 2 : outputs);
        var fit = KernelLogistic.FitPath(kernel, classes, outputs, [0.5]).Single();
        for (var i = 0; i < classes.Length; i++)
        {
            var values = fit.Dual.Select((dual, o) => dual.Select((d, j) => d * kernel[(i * classes.Length) + j]).Sum() + fit.Intercept[o]).ToArray();
            var p = outputs == 1
                ? [1 / (1 + Math.Exp(-values[0]))]
                : values.Select(v => Math.Exp(v) / values.Sum(Math.Exp)).ToArray();
            for (var o = 0; o < outputs; o++)
            {
                var truth = (outputs == 1 ? classes[i] == 1 : classes[i] == o) ? 1.0 : 0.0;
                Assert.Equal((truth - p[o]) / 0.5, fit.Dual[o][i], 0.02);
            }
        }
    }

    [Fact]
    public void Outputs_of_samples_that_are_left_out_are_close_to_those_of_fits_without_them()
    {
        const int N = 20;
        var (kernel, classes) = Problem(N, 2);
        var all = KernelLogistic.FitPath(kernel, classes, 1, [0.5]).Single();
        for (var left = 0; left < N; left++)
        {
            int[] rest = [.. Enumerable.Range(0, N).Where(i => i != left)];
            double[] part = [.. rest.SelectMany(i => rest.Select(j => kernel[(i * N) + j]))];
            var fit = KernelLogistic.FitPath(part, rest.Select(i => classes[i]).ToArray(), 1, [0.5]).Single();
            var output = rest.Select((i, at) => kernel[(left * N) + i] * fit.Dual[0][at]).Sum() + fit.Intercept[0];
            Assert.Equal(output, all.LeftOut[0][left], 0.15 + (0.15 * Math.Abs(output)));
        }
    }

    [Theory]
    [InlineData(0.6, 8)]
    [InlineData(0.8, 32)]
    [InlineData(0.95, 64)]
    public void The_interval_holds_the_truth_of_independent_answers_more_often_than_it_says_because_those_of_a_cross_validation_are_not(double truth, int samples)
    {
        var random = new Random(9);
        var held = Enumerable.Range(0, 4000).Count(_ =>
        {
            var right = Enumerable.Range(0, samples).Count(_ => random.NextDouble() < truth);
            var estimate = AccuracyEstimate.Of((double)right / samples, samples);
            return truth >= estimate.Low && truth <= estimate.High;
        });
        Assert.InRange(held / 4000.0, 0.92, 0.999);
    }

    [Fact]
    public void An_interval_of_right_answers_only_reaches_one_and_of_wrong_ones_zero()
    {
        Assert.Equal(1, AccuracyEstimate.Of(1, 16).High);
        Assert.InRange(AccuracyEstimate.Of(1, 16).Low, 0.72, 0.9);
        Assert.Equal(0, AccuracyEstimate.Of(0, 16).Low);
    }

    [Fact]
    public void The_area_under_the_curve_counts_pairs_and_halves_ties()
    {
        Assert.Equal(1, Auc.Of([0.1, 0.2, 0.8], [false, false, true]));
        Assert.Equal(0.75, Auc.Of([0.5, 0.2, 0.5], [false, false, true]));
        Assert.Equal(0.5, Auc.Of([0.5, 0.5], [false, true]));
    }

    [Fact]
    public void Statistics_of_rows_are_those_of_the_formulas()
    {
        float[] values = [1, 10, 3, 10, 8, 10];
        Assert.Equal([4, 10, 8, 10, MathF.Sqrt(26f / 3), 0], RowStatistics.MeanMaximumDeviation(values, 2), (a, b) => MathF.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Pairs_of_columns_tell_what_their_means_do_not()
    {
        // In the first picture the columns are large in the same token, in the second in different ones.
        float[] together = [1, 1, 0, 0], apart = [1, 0, 0, 1];
        Assert.Equal([0.5f, MathF.Sqrt(2) / 2, 0.5f], TokenPairs.Of(together, 2), (a, b) => MathF.Abs(a - b) < 1e-6);
        Assert.Equal([0.5f, 0, 0.5f], TokenPairs.Of(apart, 2), (a, b) => MathF.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Pairs_of_wide_tokens_keep_products_on_average()
    {
        const int Hidden = 512;
        var random = new Random(5);
        float[] Tokens() => [.. Enumerable.Range(0, 16 * Hidden).Select(_ => (float)(random.NextDouble() - 0.5))];
        var (one, other) = (Tokens(), Tokens());
        double Product(float[] a, float[] b) => TokenPairs.Of(a, Hidden).Zip(TokenPairs.Of(b, Hidden), (x, y) => (double)x * y).Sum();
        Assert.Equal(128 * 129 / 2, FeatureKinds.VisualPairs.WidthOf(Hidden));
        Assert.Equal(1, Product(one, one) / Product(other, other), 0.1);
        Assert.True(Product(one, other) < 0.5 * Product(one, one), $"{Product(one, other)} of {Product(one, one)}");
    }

    private static (double[] Kernel, int[] Classes) Problem(int n, int classes)
    {
        var random = new Random(3);
        var rows = Enumerable.Range(0, n).Select(i => Enumerable.Range(0, 6).Select(k => random.NextDouble() + (k == i % classes ? 0.7 : 0)).ToArray()).ToArray();
        return ([.. rows.SelectMany(a => rows.Select(b => a.Zip(b, (x, y) => x * y).Sum()))], [.. Enumerable.Range(0, n).Select(i => i % classes)]);
    }
}
