namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>Intervals of 95 % for the kinds of scores.</summary>
internal static class ScoreIntervals
{
    public const string WilsonMethod = "Wilson's interval of a share";
    public const string MeanMethod = "normal interval of a mean";

    /// <summary>Resamples of a bootstrap.</summary>
    private const int Replicates = 2000;

    /// <summary>Quantile of the normal distribution at 0.975.</summary>
    private const double Z = 1.959963984540054;

    /// <summary>Wilson's interval for a share.</summary>
    /// <param name="right">How many are right.</param>
    /// <param name="count">Of how many, at least 1.</param>
    public static ScoreInterval Wilson(int right, int count)
    {
        var (n, share) = ((double)count, (double)right / count);
        var center = (share + (Z * Z / (2 * n))) / (1 + (Z * Z / n));
        var half = Z / (1 + (Z * Z / n)) * Math.Sqrt((share * (1 - share) / n) + (Z * Z / (4 * n * n)));

        // Without this, rounding makes 0 of n begin at 1e-17.
        return new ScoreInterval(right == 0 ? 0 : center - half, right == count ? 1 : center + half);
    }

    /// <summary>Normal interval for the mean of values between 0 and 1.</summary>
    public static ScoreInterval Mean(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        var variance = values.Count < 2 ? 0.25 : values.Sum(x => (x - mean) * (x - mean)) / (values.Count - 1);
        var half = Z * Math.Sqrt(variance / values.Count);
        return new ScoreInterval(Math.Max(0, mean - half), Math.Min(1, mean + half));
    }

    /// <summary>Percentile bootstrap: clusters are drawn with replacement within each stratum, and the score is computed from the sums
    /// of their counts. The same counts always give the same interval.</summary>
    /// <param name="strata">By stratum and cluster: counts, all of the same length.</param>
    /// <param name="score">Computes the score from the sums of each stratum.</param>
    public static ScoreInterval Bootstrap(IReadOnlyList<IReadOnlyList<double[]>> strata, Func<double[][], double> score)
    {
        var random = new SplitMix(1);
        var sums = strata.Select(clusters => new double[clusters[0].Length]).ToArray();
        var found = new double[Replicates];
        for (var replicate = 0; replicate < Replicates; replicate++)
        {
            for (var stratum = 0; stratum < strata.Count; stratum++)
            {
                var (clusters, sum) = (strata[stratum], sums[stratum]);
                Array.Clear(sum);
                for (var draw = 0; draw < clusters.Count; draw++)
                {
                    var counts = clusters[random.Below(clusters.Count)];
                    for (var i = 0; i < sum.Length; i++)
                    {
                        sum[i] += counts[i];
                    }
                }
            }

            found[replicate] = score(sums);
        }

        Array.Sort(found);
        return new ScoreInterval(Percentile.Of(found, 0.025), Percentile.Of(found, 0.975));
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014): the sequence of .NET's own generator is not promised to stay.</summary>
    private sealed class SplitMix(ulong seed)
    {
        private ulong _state = seed;

        public int Below(int end)
        {
            _state += 0x9E3779B97F4A7C15;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)Math.BigMul(z ^ (z >> 31), (ulong)end, out _);
        }
    }
}
