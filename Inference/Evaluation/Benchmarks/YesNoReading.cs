namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>What the logits at the answer position say about yes and no, as the service scores them
/// (<see cref="Answers.YesNoScorer"/>).</summary>
/// <param name="Yes">Probability of yes, given that the answer is yes or no.</param>
/// <param name="Mass">Probability that it is yes or no.</param>
public readonly record struct YesNoReading(double Yes, double Mass);
