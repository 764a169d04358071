using System.Numerics.Tensors;

namespace MobileVlm.Edge.Inference.Sampling;

/// <summary>Log-softmax of a row of logits, in double precision: the difference of two large floats may overflow, and
/// differences between two distributions may be tiny.</summary>
internal static class LogSoftmax
{
    /// <summary>ln of the sum of exp over the logits, [vocabulary]: a logit minus this is the ln of its probability.</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        var (largest, sum) = LargestAndSum(logits);
        return largest + Math.Log(sum);
    }

    /// <summary>ln of the probability of one token: of the softmax of the logits, [vocabulary], at its id.</summary>
    public static double At(ReadOnlySpan<float> logits, int id)
    {
        var (largest, sum) = LargestAndSum(logits);

        // In this order, because the normalizer would lose the small sum beside a large logit.
        return logits[id] - largest - Math.Log(sum);
    }

    private static (double Largest, double Sum) LargestAndSum(ReadOnlySpan<float> logits)
    {
        double largest = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return (largest, sum);
    }
}
