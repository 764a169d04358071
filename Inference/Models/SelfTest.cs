namespace MobileVlm.Edge.Inference.Models;

/// <summary>What a finished model computed when it was imported, for a picture and a question that this program carries
/// with it and for the beginnings of a given answer. Computed again elsewhere, it tells whether this processor, its
/// kernels and these files still make the same model.</summary>
/// <param name="Material">Fingerprint of picture, question and answer; another version of the program may carry others.</param>
/// <param name="PromptIds">Ids in front of the picture, then those behind it.</param>
/// <param name="Picture">Some of the visual tokens' values, evenly spread; null for a model of text only.</param>
/// <param name="Steps">After the question, and after each token of the given answer.</param>
public sealed record SelfTest(
    string Material, IReadOnlyList<int> PromptIds, IReadOnlyList<float>? Picture, IReadOnlyList<SelfTestStep> Steps)
{
    /// <summary>The same steps through the second set of the decoder's weights; null where there is none, and in folders of
    /// older versions.</summary>
    public IReadOnlyList<SelfTestStep>? Prefill { get; init; }
}

/// <param name="Id">The likeliest token.</param>
/// <param name="Margin">By how much its logit is above the second one's.</param>
/// <param name="Spread">Standard deviation of all logits there, by which margins are judged.</param>
public sealed record SelfTestStep(int Id, float Margin, float Spread);
