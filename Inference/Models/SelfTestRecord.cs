using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>Results that a finished model computed at import, for a picture and a question that this program contains
/// and for each prefix of a given answer. Computed again elsewhere, it shows whether this processor, its kernels and these
/// files still give the same results.</summary>
/// <param name="Material">Fingerprint of picture, question and answer; another version of the program may carry others.</param>
/// <param name="PromptIds">Ids before the picture, then those after it.</param>
/// <param name="Picture">Some of the visual tokens' values, evenly spread; null for a text-only model.</param>
/// <param name="Steps">After the question, and after each token of the given answer.</param>
public sealed record SelfTestRecord(
    string Material, IReadOnlyList<int> PromptIds, IReadOnlyList<float>? Picture, IReadOnlyList<SelfTestStep> Steps)
{
    /// <summary>The same steps through the prefill weights; null where there are none, and in folders of older
    /// versions.</summary>
    public IReadOnlyList<SelfTestStep>? Prefill { get; init; }
}

/// <param name="Id">The most likely token.</param>
/// <param name="Margin">Its logit minus that of the second most likely one.</param>
/// <param name="StandardDeviation">Standard deviation of all logits there, by which <see cref="Margin"/> is judged.</param>
public sealed record SelfTestStep(int Id, float Margin, [property: JsonPropertyName("spread")] float StandardDeviation);
