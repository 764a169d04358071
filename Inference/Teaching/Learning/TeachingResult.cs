using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>What was learned from labels.</summary>
/// <param name="Chosen">The scorer that is used.</param>
/// <param name="Head">It, as a function of features; null for the plain one.</param>
/// <param name="FeatureShares">The features of the head and how much each counts, the largest first; empty without a head.</param>
/// <param name="CandidateAccuracies">Each candidate's accuracy on samples that are left out in turn.</param>
/// <param name="PlainAccuracy">Accuracy of the model's own score on all labels.</param>
/// <param name="PlainAuc">Area under its ROC curve on all labels; mean over the choices against the others.</param>
/// <param name="Estimate">Accuracy of the chosen scorer on other pictures of the same kind, in which each answer is as frequent as among the
/// labels.</param>
/// <param name="Suspects">Indices of samples whose label disagrees with the others, the most suspicious first.</param>
/// <param name="Encoder">A head that needs the visual tokens only; null where the model has none.</param>
public sealed record TeachingResult(
    ScorerKind Chosen,
    LinearHead? Head,
    IReadOnlyList<(FeatureKinds Feature, double Share)> FeatureShares,
    IReadOnlyList<(string Name, double Accuracy)> CandidateAccuracies,
    double PlainAccuracy,
    double PlainAuc,
    AccuracyEstimate Estimate,
    IReadOnlyList<int> Suspects,
    EncoderResult? Encoder)
{
    /// <summary>What the labelled pictures looked like; null where pictures cannot be compared with them.</summary>
    public LabelReference? Reference { get; init; }
}

/// <summary>A head that answers without the decoder.</summary>
/// <param name="Head">The head.</param>
/// <param name="Estimate">Its accuracy on other pictures.</param>
/// <param name="UnsureMargin">Where its largest output is ahead of the next (of 0, for yes/no) by less than this, it is wrong more often
/// than the decoder would be.</param>
public sealed record EncoderResult(LinearHead Head, AccuracyEstimate Estimate, double UnsureMargin);
