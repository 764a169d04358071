using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Teaching.Features;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>The inputs of one candidate for all samples, each column with mean 0 and divided by the root of its deviation, and their products.
/// Dividing by the whole deviation would make columns equal in which the answers differ and those in which only noise is; without a division
/// the few columns of large states would count alone.</summary>
internal sealed class FeatureMatrix
{
    /// <summary>Share of the model's own scores in the kernel, beside 1 for the feature.</summary>
    private const double ScoreShare = 0.1;

    private readonly Standardised? _feature;
    private readonly Standardised? _scores;

    /// <param name="samples">All samples.</param>
    /// <param name="feature">The feature; null for the model's scores alone.</param>
    /// <param name="usesScores">Whether the model's scores are an input too.</param>
    public FeatureMatrix(IReadOnlyList<LabelledSample> samples, FeatureKinds? feature, bool usesScores)
    {
        Feature = feature;
        _feature = feature is { } kind ? new Standardised([.. samples.Select(sample => Array.ConvertAll(sample.Features[kind], v => (double)v))], 1) : null;
        _scores = usesScores ? new Standardised([.. samples.Select(sample => sample.Scores)], feature is null ? 1 : ScoreShare) : null;
        Kernel = new double[samples.Count * samples.Count];
        _feature?.AddProducts(Kernel);
        _scores?.AddProducts(Kernel);
    }

    /// <summary>The feature; null for the model's scores alone.</summary>
    public FeatureKinds? Feature { get; }

    /// <summary>Products of all samples, [n, n].</summary>
    public double[] Kernel { get; }

    /// <summary>The function of the features as they are that a fit means.</summary>
    public Heads.LinearHead ToHead(KernelFit fit, double share)
    {
        var bias = Array.ConvertAll(fit.Intercept, b => b * share);
        var terms = new List<Heads.HeadTerm>();
        if (_feature is not null)
        {
            terms.Add(new Heads.HeadTerm(
                Feature!.Value,
                [.. _feature.Weights(fit.Dual, share, bias).Select(row => Array.ConvertAll(row, w => (float)w))]));
        }

        return new Heads.LinearHead(terms, _scores is null ? [] : [.. _scores.Weights(fit.Dual, share, bias)], bias);
    }

    /// <summary>Columns with mean 0, divided by the root of their deviation and scaled so that a row's square is 1 on average.</summary>
    private sealed class Standardised
    {
        private readonly double[] _mean;
        private readonly double[] _factor;
        private readonly double[][] _rows;

        public Standardised(double[][] rows, double share)
        {
            var width = rows[0].Length;
            (_mean, _factor) = (new double[width], new double[width]);
            foreach (var row in rows)
            {
                TensorPrimitives.Add(_mean, row, _mean);
            }

            TensorPrimitives.Divide(_mean, rows.Length, _mean);
            foreach (var row in rows)
            {
                for (var i = 0; i < width; i++)
                {
                    _factor[i] += (row[i] - _mean[i]) * (row[i] - _mean[i]);
                }
            }

            var squares = 0.0;
            for (var i = 0; i < width; i++)
            {
                var deviation = Math.Sqrt(_factor[i] / rows.Length);

                // A column that does not vary says nothing, and its rounding errors must not be made large.
                var varies = deviation > 1e-6 * (Math.Abs(_mean[i]) + 1e-6);
                squares += varies ? deviation : 0;
                _factor[i] = varies ? 1 / Math.Sqrt(deviation) : 0;
            }

            TensorPrimitives.Multiply(_factor, squares > 0 ? Math.Sqrt(share / squares) : 0, _factor);
            _rows = Array.ConvertAll(rows, row => row.Select((value, i) => (value - _mean[i]) * _factor[i]).ToArray());
        }

        public void AddProducts(double[] kernel)
        {
            for (var row = 0; row < _rows.Length; row++)
            {
                for (var column = 0; column <= row; column++)
                {
                    var product = TensorPrimitives.Dot<double>(_rows[row], _rows[column]);
                    kernel[(row * _rows.Length) + column] += product;
                    if (column != row)
                    {
                        kernel[(column * _rows.Length) + row] += product;
                    }
                }
            }
        }

        /// <summary>Weights of the columns as they were, [outputs][width]; subtracts their means' part from the bias.</summary>
        public IEnumerable<double[]> Weights(double[][] dual, double share, double[] bias)
        {
            foreach (var (output, row) in dual.Index())
            {
                var weights = new double[_mean.Length];
                for (var i = 0; i < row.Length; i++)
                {
                    TensorPrimitives.MultiplyAdd<double>(_rows[i], row[i] * share, weights, weights);
                }

                TensorPrimitives.Multiply<double>(weights, _factor, weights);
                bias[output] -= TensorPrimitives.Dot<double>(weights, _mean);
                yield return weights;
            }
        }
    }
}
