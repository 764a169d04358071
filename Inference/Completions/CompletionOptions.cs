using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Sampling;

namespace MobileVlm.Edge.Inference.Completions;

/// <summary>How a text is completed.</summary>
/// <param name="Generation">Its limits; null only processes the prompt.</param>
/// <param name="Sampler">Chooses each token; used for this text alone.</param>
public sealed record CompletionOptions(GenerationOptions? Generation, Sampler Sampler)
{
    /// <summary>How many of the most likely tokens are recorded for each generated token; null records none.</summary>
    public int? TopCount { get; init; }

    /// <summary>The tokens of the prompt are recorded too, as far as <see cref="TopCount"/> is set.</summary>
    public bool ScoresPrompt { get; init; }

    /// <summary>Called with each piece of the text as it becomes certain.</summary>
    public Action<string>? OnText { get; init; }
}

/// <summary>A token with its probability.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">Natural logarithm; null for the first token, which nothing precedes.</param>
/// <param name="Top">The most likely tokens at this place, the most likely first.</param>
public sealed record TokenScore(int Id, float? LogProbability, IReadOnlyList<(int Id, float LogProbability)> Top);
