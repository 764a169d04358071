using System.Globalization;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>The largest loss of a part where an import chooses its precision.</summary>
public static class LossLimits
{
    /// <summary>Lowest cosine between a picture's visual tokens and the exact ones: an error of 4.5 % of their length.</summary>
    public const double VisionCosine = 0.999;

    /// <summary>Largest mean divergence of the logits, in nats.</summary>
    public const double MeanDivergence = 0.05;

    /// <summary>Lowest share of positions with the same most likely token.</summary>
    public const double TopAgreement = 0.9;

    /// <summary>Whether every measured part is within the limits.</summary>
    public static bool Allow(ModelLoss loss) => (loss.Vision is null || Allow(loss.Vision)) && Allow(loss.Decoder)
        && (loss.Prefill is null || Allow(loss.Prefill)) && (loss.Whole is null || Allow(loss.Whole));

    public static bool Allow(VisionLoss loss) => loss.LowestCosine >= VisionCosine;

    public static bool Allow(LogitLoss loss) => loss.MeanDivergence <= MeanDivergence && loss.TopAgreement >= TopAgreement;

    /// <summary>A sentence for the manifest.</summary>
    internal static string Explain(string recipe, VisionLoss loss, bool refused) => string.Create(
        CultureInfo.InvariantCulture,
        $"vision {recipe} {Verb(refused)}: cosine {loss.LowestCosine:0.00000} at worst, at least {VisionCosine} is required");

    /// <summary>A sentence for the manifest.</summary>
    internal static string Explain(string recipe, LogitLoss loss, bool refused) => string.Create(
        CultureInfo.InvariantCulture,
        $"decoder {recipe} {Verb(refused)}: divergence {loss.MeanDivergence:0.0000} nats, at most {MeanDivergence} is required; most likely token the same at {loss.TopAgreement:p1}, at least {TopAgreement:p0} is required");

    private static string Verb(bool refused) => refused ? "refused" : "taken";
}
