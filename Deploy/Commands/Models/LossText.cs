using System.Globalization;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary>Compares a loss that was measured again with the one in the manifest, in words.</summary>
internal static class LossText
{
    /// <summary>Less than this share of the limit is called the same: other kernels add up in another order.</summary>
    private const double Same = 0.02;

    /// <summary>One line about one limit.</summary>
    public static string Compare(GateResult recorded, GateResult found)
    {
        // Of a cosine or a share, the distance from 1 is the loss.
        var isLowest = found.Limit > 0.5;
        var (before, now, limit) = isLowest
            ? (1 - recorded.Value, 1 - found.Value, 1 - found.Limit)
            : (recorded.Value, found.Value, found.Limit);
        var change = Math.Abs(now - before) <= Same * limit ? "as at import"
            : now < before ? "better than at import"
            : "worse than at import";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  {(found.Passed ? "OK  " : "HIGH")} {LossLimits.Describe(found)} ({change}: {recorded.Value:0.0000})");
    }
}
