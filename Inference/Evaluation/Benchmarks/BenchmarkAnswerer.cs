using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>The answer to one item.</summary>
/// <param name="TokenIds">All ids, the end token included if reached.</param>
/// <param name="Text">Without blanks and an end token around it.</param>
/// <param name="YesNo">What the logits say about yes and no; null where the tokenizer has no such tokens.</param>
public sealed record BenchmarkAnswer(IReadOnlyList<int> TokenIds, string Text, YesNoReading? YesNo);

/// <summary>Asks items as the published evaluation does: Vicuna's conversation, greedy, one item at a time. One call at a time. The
/// system prompt stays in the cache, and so does a picture while the following items are about it.</summary>
public sealed class BenchmarkAnswerer : IDisposable
{
    private const string EndText = "</s>";

    private readonly LlamaTextTokenizer _tokenizer;
    private readonly TextGenerator _generator;
    private readonly YesNoScorer? _yesNo;
    private readonly DecoderState _state;
    private readonly int[] _before;
    private readonly int _maxTokens;
    private VisualTokens? _picture;

    /// <param name="folder">The model.</param>
    /// <param name="decoder">Opened from the same folder; not disposed here.</param>
    /// <param name="capacity">Context in tokens; limited by what the model was trained for.</param>
    /// <param name="maxTokens">Largest number of tokens of an answer. It ends earlier where the context ends.</param>
    public BenchmarkAnswerer(ModelFolder folder, LanguageDecoder decoder, int capacity, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        _tokenizer = LlamaTextTokenizer.Open(folder);
        (_generator, _yesNo, _maxTokens) = (new TextGenerator(_tokenizer), YesNoScorer.Find(_tokenizer), maxTokens);
        _before = QuestionTokenCounter.PromptIdsBefore(_tokenizer);
        _state = decoder.CreateState(Math.Min(capacity, decoder.MaxPositions));
    }

    /// <summary>Tokens of a question with its prompt and picture, without its answer.</summary>
    public static int PromptLength(ModelFolder folder, LlamaTextTokenizer tokenizer, BenchmarkItem item)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(item);
        return item.Picture is null
            ? WithoutPicture(tokenizer, item.Question).Length
            : QuestionTokenCounter.PromptIdsBefore(tokenizer).Length + folder.Manifest.VisualTokens + AfterPicture(tokenizer, item.Question).Length;
    }

    /// <summary>Answers one question.</summary>
    /// <param name="question">All text of the user's turn.</param>
    /// <param name="picture">Null for a question without one. Must live until another picture is used.</param>
    /// <param name="cancel">Ends the answer early.</param>
    /// <exception cref="ContextFullException">The question does not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">The model computed NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public BenchmarkAnswer Answer(string question, VisualTokens? picture, CancellationToken cancel = default)
    {
        ReadOnlySpan<float> logits;
        if (picture is null)
        {
            _picture = null;
            _state.Rewind(0);
            logits = _state.Append(WithoutPicture(_tokenizer, question));
        }
        else
        {
            Cache(picture);
            logits = _state.Append(AfterPicture(_tokenizer, question));
        }

        YesNoReading? yesNo = null;
        if (_yesNo?.Score(logits) is var (yes, mass))
        {
            yesNo = new YesNoReading(yes, mass);
        }

        var generated = _generator.Generate(_state, Sampler.Greedy, new GenerationOptions(_maxTokens), null, cancel);
        cancel.ThrowIfCancellationRequested();
        return new BenchmarkAnswer(generated.TokenIds, Strip(generated.Text), yesNo);
    }

    public void Dispose() => _state.Dispose();

    /// <summary>Rewinds to the end of the picture, after it was appended if another was.</summary>
    private void Cache(VisualTokens picture)
    {
        if (ReferenceEquals(picture, _picture))
        {
            _state.Rewind(_before.Length + picture.Count);
            return;
        }

        _picture = null;
        _state.Rewind(0);
        _state.Append(_before);
        _state.Append(picture.Values);
        _picture = picture;
    }

    private static string Strip(string text)
    {
        text = text.Trim();
        return text.EndsWith(EndText, StringComparison.Ordinal) ? text[..^EndText.Length].Trim() : text;
    }

    internal static int[] AfterPicture(LlamaTextTokenizer tokenizer, string question) => [.. tokenizer.Encode(VicunaPrompt.AfterPicture(question))];

    internal static int[] WithoutPicture(LlamaTextTokenizer tokenizer, string question) =>
        [tokenizer.BeginId, .. tokenizer.Encode(VicunaPrompt.WithoutPicture(question))];
}
