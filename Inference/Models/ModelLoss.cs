namespace MobileVlm.Edge.Inference.Models;

/// <summary>Loss of accuracy caused by a model folder's precision, measured at import against the same checkpoint in float32.</summary>
/// <param name="Calibration">What the weights were calibrated with and what the loss was measured on, for people.</param>
/// <param name="Vision">Loss of the visual tokens; null for a text-only model.</param>
/// <param name="Decoder">Loss of the logits in the decode weights, with the exact visual tokens given.</param>
/// <param name="Whole">Loss of the logits as a service computes them: with the visual tokens of this folder's own encoder, the prompt
/// in the prefill weights where there are any, the answer in the decode weights. Null for a text-only model without prefill
/// weights.</param>
public sealed record ModelLoss(string Calibration, VisionLoss? Vision, LogitLoss Decoder, LogitLoss? Whole)
{
    /// <summary>Same as <see cref="Decoder"/>, with the prefill weights; null where there are none.</summary>
    public LogitLoss? Prefill { get; init; }

    /// <summary>The limits that <c>auto</c> requires and what was measured; null in folders of release 0.1.0.</summary>
    public IReadOnlyList<GateResult>? Gates { get; init; }

    /// <summary>What the loss was measured on; null in folders of release 0.1.0.</summary>
    public GateScenes? Scenes { get; init; }

    /// <summary>Where it was measured; null in folders of release 0.1.0.</summary>
    public MeasuringMachine? Machine { get; init; }
}

/// <param name="Pictures">Pictures compared.</param>
/// <param name="LowestCosine">Cosine between all visual tokens of a picture and the exact ones, for the worst picture.</param>
/// <param name="MeanCosine">The mean over the pictures.</param>
/// <param name="LargestError">Largest difference of one value, as a share of the largest exact magnitude.</param>
public sealed record VisionLoss(int Pictures, double LowestCosine, double MeanCosine, double LargestError)
{
    /// <summary>The 5th percentile, over single visual tokens, of the cosine with the exact one, both without the mean of all tokens;
    /// null in folders of release 0.1.0.</summary>
    public double? TokenCosine5 { get; init; }
}

/// <param name="Positions">Positions at which logits were compared.</param>
/// <param name="MeanDivergence">Kullback-Leibler divergence of this distribution from the exact one, in nats, the mean.</param>
/// <param name="LargestDivergence">The worst position's.</param>
/// <param name="TopAgreement">Share of the positions whose most likely token is the same.</param>
public sealed record LogitLoss(int Positions, double MeanDivergence, double LargestDivergence, double TopAgreement)
{
    /// <summary>The divergence's 95th percentile over all positions; null in folders of release 0.1.0.</summary>
    public double? Divergence95 { get; init; }

    /// <summary>The divergence's 95th percentile over the positions at which an answer begins; null for texts, and in folders of
    /// release 0.1.0.</summary>
    public double? AnswerDivergence95 { get; init; }

    /// <summary>The largest difference of P(yes), 0 to 1; null where float32 answers no question with yes or no, and in folders of release
    /// 0.1.0.</summary>
    public double? LargestYesShift { get; init; }

    /// <summary>Questions that float32 answers with yes or no.</summary>
    public int YesNoQuestions { get; init; }
}

/// <summary>A limit and what was measured.</summary>
/// <param name="Name">For programs: <c>yesShift</c>; <c>LossLimits</c> lists them.</param>
/// <param name="Value">Measured.</param>
/// <param name="Limit">The largest value allowed, for a cosine or a share the smallest.</param>
/// <param name="Passed">Whether the value is within the limit.</param>
public sealed record GateResult(string Name, double Value, double Limit, bool Passed);

/// <summary>What a loss was measured on.</summary>
/// <param name="Kind">Which pictures; <c>texts</c> for a text-only model.</param>
/// <param name="Calibration">Pictures or texts with which weights were calibrated.</param>
/// <param name="HeldOut">Other pictures or texts, on which the loss was measured.</param>
/// <param name="Material">Fingerprint of what was measured on; another version of the program may carry others.</param>
public sealed record GateScenes(string Kind, int Calibration, int HeldOut, string Material);

/// <summary>The machine on which a loss was measured. On another one, or with other kernels, the same weights give slightly other
/// results.</summary>
/// <param name="Processor">Its name.</param>
/// <param name="Instructions">Of those that matter for matrix products.</param>
/// <param name="Kernels">For each part, the kernel that multiplies its matrices, as far as it is known.</param>
/// <param name="Runtime">Name and version of the library that computes.</param>
public sealed record MeasuringMachine(
    string Processor, IReadOnlyList<string> Instructions, IReadOnlyList<string> Kernels, string Runtime);
