using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>The importance of the error of each weight of a layer.</summary>
internal interface IInputImportance
{
    /// <returns>[inputs], positive. Only their ratios matter.</returns>
    float[] Importance(string node, int inputs);

    /// <summary>What compensates the errors of the layer's weights; null where its inputs' covariance was not measured.</summary>
    ErrorCompensation? Compensation(string node) => null;
}

/// <summary>The mean square of each input of each linear layer over calibration, where it was measured: the error of a weight
/// is weighted by the input that the weight is multiplied by (diagonal of the layer's Hessian, as in llama.cpp's importance
/// matrix). While it is empty, all weights have the same importance.</summary>
/// <param name="covariances">Holds covariances where they were measured.</param>
internal sealed class ImportanceMatrix(CovarianceStore? covariances = null) : IInputImportance
{
    /// <summary>Least importance of an input, as a share of the mean: calibration does not see everything.</summary>
    private const float LeastShare = 0.01f;

    private readonly Dictionary<string, (float[] Sum, long Rows)> _sums = [];
    private readonly Dictionary<string, InputSample> _samples = [];
    private (string Node, float[]? Scales, ErrorCompensation Compensation)? _last;

    /// <summary>Covariances of the inputs of the layers whose errors are compensated; null for none.</summary>
    public CovarianceStore? Covariances => covariances;

    public bool IsEmpty => _sums.Count == 0;

    /// <summary>Adds rows, [n, inputs].</summary>
    public void Add(string node, ReadOnlySpan<float> rows, int inputs)
    {
        var (sum, count) = _sums.TryGetValue(node, out var found) ? found : (new float[inputs], 0);
        for (var from = 0; from < rows.Length; from += inputs)
        {
            var row = rows.Slice(from, inputs);
            TensorPrimitives.MultiplyAdd(row, row, sum, sum);
        }

        _sums[node] = (sum, count + (rows.Length / inputs));
        if (!_samples.TryGetValue(node, out var sample))
        {
            _samples.Add(node, sample = new InputSample());
        }

        sample.Add(rows, inputs);
    }

    /// <summary>Some of the rows that were added for a node; none where nothing was measured.</summary>
    public IReadOnlyList<float[]> Sample(string node) => _samples.TryGetValue(node, out var sample) ? sample.Rows : [];

    public ErrorCompensation? Compensation(string node) => Compensation(node, scales: null);

    /// <summary>The same for inputs that are divided by channel scales, [inputs].</summary>
    public ErrorCompensation? Compensation(string node, float[]? scales)
    {
        // Matrices with the same input follow each other.
        if (_last is not { } last || last.Scales != scales || covariances?.IsSame(last.Node, node) != true)
        {
            if (covariances?.Find(node) is not { } covariance)
            {
                return null;
            }

            _last = last = (node, scales, new ErrorCompensation(covariance, scales));
        }

        return last.Compensation;
    }

    public float[] Importance(string node, int inputs)
    {
        var importance = new float[inputs];
        if (!_sums.TryGetValue(node, out var found) || TensorPrimitives.Sum<float>(found.Sum) is not (> 0 and < float.PositiveInfinity))
        {
            importance.AsSpan().Fill(1);
            return importance;
        }

        // The level does not matter: near one, nothing under- or overflows.
        TensorPrimitives.Multiply(found.Sum, inputs / TensorPrimitives.Sum<float>(found.Sum), importance);
        TensorPrimitives.Max(importance, LeastShare, importance);
        return importance;
    }
}
