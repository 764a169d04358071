namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Repeated measurements of one thing. Quartiles are interpolated between neighbouring samples.</summary>
internal sealed class SampleStatistics
{
    private readonly double[] _sorted;

    /// <param name="samples">At least one, in the order in which they were taken.</param>
    public SampleStatistics(IReadOnlyList<double> samples)
    {
        ArgumentOutOfRangeException.ThrowIfZero(samples.Count, nameof(samples));
        Samples = samples;
        _sorted = [.. samples.Order()];
    }

    public IReadOnlyList<double> Samples { get; }

    public double Min => _sorted[0];

    public double LowerQuartile => At(0.25);

    public double Median => At(0.5);

    public double UpperQuartile => At(0.75);

    public double Max => _sorted[^1];

    private double At(double share)
    {
        var position = share * (_sorted.Length - 1);
        var below = (int)position;
        return below + 1 == _sorted.Length
            ? _sorted[below]
            : _sorted[below] + ((position - below) * (_sorted[below + 1] - _sorted[below]));
    }
}
