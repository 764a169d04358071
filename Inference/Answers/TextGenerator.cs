using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>How a text is written.</summary>
/// <param name="MaxTokens">Most tokens written, the end token included. At least 1.</param>
/// <param name="StopTexts">The text ends before the first of these that it would contain. None of them is empty.</param>
public sealed record GenerationOptions(int MaxTokens, IReadOnlyList<string>? StopTexts = null);

/// <summary>A text that was written.</summary>
/// <param name="TokenIds">All ids chosen, the end token included if reached.</param>
/// <param name="Text">Their text, without the stop text.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Duration">From the first choice to the last.</param>
public sealed record GeneratedText(IReadOnlyList<int> TokenIds, string Text, FinishReason Finish, TimeSpan Duration);

/// <summary>Writes a text token by token behind whatever the state holds. The state keeps what was written; the
/// caller rewinds it.</summary>
public sealed class TextGenerator(LlamaTextTokenizer tokenizer)
{
    /// <param name="state">Filled up to the place where the text begins.</param>
    /// <param name="logits">After the last token of the state, [vocabulary].</param>
    /// <param name="sampler">Chooses each token.</param>
    /// <param name="options">Limits.</param>
    /// <param name="onText">Called with each piece of text as it becomes certain; never with half a character.</param>
    /// <param name="cancel">Ends the text after the token in progress.</param>
    public GeneratedText Write(
        DecoderState state,
        ReadOnlySpan<float> logits,
        Sampler sampler,
        GenerationOptions options,
        Action<string>? onText = null,
        CancellationToken cancel = default)
    {
        var text = new GenerationBuffer(tokenizer, options, onText);
        while (true)
        {
            var id = sampler.Choose(logits);
            if (text.Push(id) is { } finish)
            {
                return text.End(finish);
            }

            if (state.Length == state.Capacity)
            {
                return text.End(FinishReason.Length);
            }

            if (cancel.IsCancellationRequested)
            {
                return text.End(FinishReason.Cancelled);
            }

            logits = state.Step(id);
        }
    }
}
