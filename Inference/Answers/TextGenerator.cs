using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Limits of a generated text.</summary>
/// <param name="MaxTokens">Maximum number of tokens, the end token included. At least 1.</param>
/// <param name="StopSequences">The text ends before the first of these that it would contain. None of them is empty.</param>
public sealed record GenerationOptions(int MaxTokens, IReadOnlyList<string>? StopSequences = null);

/// <summary>A text that was generated.</summary>
/// <param name="TokenIds">All ids chosen, the end token included if reached.</param>
/// <param name="Text">Their text, without the stop sequence.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Duration">From the first choice to the last.</param>
public sealed record GeneratedText(IReadOnlyList<int> TokenIds, string Text, FinishReason Finish, TimeSpan Duration);

/// <summary>Generates a text token by token after the tokens that the state holds. The state keeps what was generated; the
/// caller rewinds it.</summary>
public sealed class TextGenerator(LlamaTextTokenizer tokenizer)
{
    /// <param name="state">Filled up to the place where the text begins: the first token is chosen from the logits that
    /// its last <see cref="DecoderState.Append(ReadOnlySpan{int})"/> returned.</param>
    /// <param name="sampler">Chooses each token.</param>
    /// <param name="options">Limits.</param>
    /// <param name="onText">Called with each piece of text as it becomes certain; never with half a character.</param>
    /// <param name="cancel">Ends the text after the token in progress.</param>
    /// <exception cref="NonFiniteLogitsException">The model computed NaN or infinity.</exception>
    public GeneratedText Generate(
        DecoderState state,
        Sampler sampler,
        GenerationOptions options,
        Action<string>? onText = null,
        CancellationToken cancel = default)
    {
        GeneratedText? result = null;
        var text = new GeneratedSequence(
            SequenceTree.Prefix, options.MaxTokens, new GenerationBuffer(tokenizer, options, onText), sampler);
        GenerationLoop.Run(state, [text], (_, generated) => result = generated, cancel);
        return result!;
    }
}
