using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>Receives the logits of one compared position.</summary>
/// <param name="position">Its number, see <see cref="GateContinuation.Position"/>.</param>
/// <param name="logits">[vocabulary]; valid only during the call.</param>
internal delegate void GateLogitsTaker(int position, ReadOnlySpan<float> logits);

/// <summary>Compares a model's logits at each position with those of the float32 model.</summary>
/// <param name="prompts">The prompts that were run.</param>
/// <param name="reference">Of the same prompts.</param>
/// <param name="scorer">Null where the model has no tokens for yes and no.</param>
internal sealed class GateMeter(GatePrompts prompts, GateReference reference, YesNoScorer? scorer)
{
    private readonly double[] _divergences = new double[reference.Predictions.Count];
    private readonly List<double> _yesShifts = [];
    private int _same;
    private int _taken;

    public void Take(int position, ReadOnlySpan<float> logits)
    {
        var exact = reference.Predictions[position];
        _divergences[position] = exact.DivergenceOf(logits);
        _same += exact.HasSameChoice(logits) ? 1 : 0;
        _taken++;

        // Where float32 says neither yes nor no, the share of yes among the two means nothing, and a service reports unknown.
        if (exact.YesMass >= ScoringDefaults.UsualMinMass)
        {
            _yesShifts.Add(Math.Abs(scorer!.Score(logits).Score - exact.YesScore));
        }
    }

    /// <exception cref="InvalidOperationException">A position is missing.</exception>
    public LogitLoss Result()
    {
        if (_taken != _divergences.Length)
        {
            throw new InvalidOperationException($"{_taken} of {_divergences.Length} positions were measured.");
        }

        var answers = prompts.AnswerPositions;
        return new LogitLoss(_taken, _divergences.Average(), _divergences.Max(), (double)_same / _taken)
        {
            Divergence95 = Percentile95(_divergences),
            AnswerDivergence95 = answers.Count == 0 ? null : Percentile95([.. answers.Select(position => _divergences[position])]),
            LargestYesShift = _yesShifts.Count == 0 ? null : _yesShifts.Max(),
            YesNoQuestions = _yesShifts.Count,
        };
    }

    /// <summary>Loss of the visual tokens.</summary>
    /// <param name="exact">All visual tokens of each picture, [tokens, hidden].</param>
    /// <param name="found">Those of the same pictures, or of the first of them.</param>
    /// <param name="hidden">Width of a token.</param>
    public static VisionLoss Vision(IReadOnlyList<float[]> exact, IReadOnlyList<float[]> found, int hidden)
    {
        var cosines = exact.Zip(found, (a, b) => Cosine(a, b)).ToList();
        var largest = exact.Max(e => Math.Abs(TensorPrimitives.MaxMagnitude<float>(e)));
        var difference = exact.Zip(found, (a, b) => LargestDifference(a, b)).Max();
        return new VisionLoss(found.Count, cosines.Min(), cosines.Average(), difference / largest)
        {
            TokenCosine5 = TokenCosine5(
                [.. exact.Select(tokens => GateReference.Sample(tokens, hidden))], [.. found.Select(tokens => GateReference.Sample(tokens, hidden))], hidden),
        };
    }

    /// <summary>The 5th percentile, over the tokens, of the cosine between a visual token and the exact one, after the mean of all exact
    /// ones was subtracted from both: what is common to all pictures does not help the decoder, and would hide the rest.</summary>
    /// <param name="exact">Samples (<see cref="GateReference.Sample"/>) of the pictures.</param>
    /// <param name="found">Those of the same pictures, or of the first of them.</param>
    /// <param name="hidden">Width of a token.</param>
    public static double TokenCosine5(IReadOnlyList<float[]> exact, IReadOnlyList<float[]> found, int hidden)
    {
        var mean = new float[hidden];
        var count = 0;
        foreach (var tokens in exact)
        {
            for (var at = 0; at < tokens.Length; at += hidden, count++)
            {
                TensorPrimitives.Add<float>(mean, tokens.AsSpan(at, hidden), mean);
            }
        }

        TensorPrimitives.Divide(mean, count, mean);
        var cosines = new List<double>();
        var (a, b) = (new float[hidden], new float[hidden]);
        foreach (var (expected, tokens) in exact.Zip(found))
        {
            for (var at = 0; at < expected.Length; at += hidden)
            {
                TensorPrimitives.Subtract<float>(expected.AsSpan(at, hidden), mean, a);
                TensorPrimitives.Subtract<float>(tokens.AsSpan(at, hidden), mean, b);
                cosines.Add(Cosine(a, b));
            }
        }

        cosines.Sort();
        return Percentile.Of([.. cosines], 0.05);
    }

    private static double Percentile95(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return Percentile.Of(sorted, 0.95);
    }

    /// <summary>Cosine similarity in double precision, because single precision would round what is above 0.9999999. Equal vectors have
    /// 1, also where they are 0.</summary>
    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double product = 0, squareA = 0, squareB = 0;
        for (var i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            squareA += (double)a[i] * a[i];
            squareB += (double)b[i] * b[i];
        }

        return squareA == 0 && squareB == 0 ? 1 : squareA == 0 || squareB == 0 ? 0 : product / Math.Sqrt(squareA * squareB);
    }

    private static double LargestDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)a[i] - b[i]));
        }

        return largest;
    }
}
