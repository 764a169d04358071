namespace MobileVlm.Edge.Inference.Models;

/// <summary>Loss of accuracy caused by a model folder's precision, measured at import against the same checkpoint in float32.</summary>
/// <param name="Calibration">What it was measured on: <c>6 drawn pictures, 12 questions</c>.</param>
/// <param name="Vision">Loss of the visual tokens; null for a text-only model.</param>
/// <param name="Decoder">Loss of the logits, with the exact visual tokens given.</param>
/// <param name="Whole">Loss of the logits with the visual tokens of this folder's own encoder; null for a text-only model.</param>
public sealed record ModelLoss(string Calibration, VisionLoss? Vision, LogitLoss Decoder, LogitLoss? Whole)
{
    /// <summary>Same as <see cref="Decoder"/>, with the prefill weights; null where there are none.</summary>
    public LogitLoss? Prefill { get; init; }
}

/// <param name="Pictures">Pictures compared.</param>
/// <param name="LowestCosine">Cosine between all visual tokens of a picture and the exact ones, for the worst picture.</param>
/// <param name="MeanCosine">The mean over the pictures.</param>
/// <param name="LargestError">Largest difference of one value, as a share of the largest exact magnitude.</param>
public sealed record VisionLoss(int Pictures, double LowestCosine, double MeanCosine, double LargestError);

/// <param name="Positions">Positions of answers at which logits were compared.</param>
/// <param name="MeanDivergence">Kullback-Leibler divergence of the exact distribution from this one, in nats, the mean.</param>
/// <param name="LargestDivergence">The worst position's.</param>
/// <param name="TopAgreement">Share of the positions whose most likely token is the same.</param>
public sealed record LogitLoss(int Positions, double MeanDivergence, double LargestDivergence, double TopAgreement);
