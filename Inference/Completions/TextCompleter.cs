using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Completions;

/// <summary>Completes texts and conversations with a KV cache of its own, which shares the decoder's weights with whatever else
/// uses them. A prompt that begins like the previous one continues from there: a conversation is not processed again for each
/// of its turns, nor a context for each of its continuations. One call at a time.</summary>
public sealed class TextCompleter : IDisposable
{
    private readonly LanguageDecoder _decoder;
    private readonly LlamaTextTokenizer _tokenizer;
    private readonly YesNoScorer? _yesNo;
    private readonly int _capacity;
    private readonly List<long> _content = [];
    private readonly List<TokenScore> _scores = [];
    private int _scoredTop;
    private DecoderState? _state;
    private VisualTokens? _picture;
    private long _pictures;
    private bool _disposed;

    /// <param name="folder">The model.</param>
    /// <param name="decoder">Opened from the same folder; not disposed here.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="capacity">Context in tokens; limited by what the model was trained for. Its memory is taken at the first
    /// call.</param>
    public TextCompleter(ModelFolder folder, LanguageDecoder decoder, LlamaTextTokenizer tokenizer, int capacity)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(decoder);
        (_decoder, _tokenizer, _capacity) = (decoder, tokenizer, Math.Min(capacity, decoder.MaxPositions));

        // Texts can be completed without it; a question with yes or no is refused then.
        _yesNo = YesNoScorer.Find(tokenizer);
    }

    /// <summary>Most tokens of a prompt with its answer.</summary>
    public int Capacity => _capacity;

    internal DecoderState State
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _state ??= _decoder.CreateState(_capacity);
        }
    }

    internal LlamaTextTokenizer Tokenizer => _tokenizer;

    /// <summary>Begins to complete a text; an earlier completion must not be continued after that.</summary>
    /// <param name="prompt">The tokens.</param>
    /// <param name="picture">Stands between both parts of the prompt; null if there is none. Must live until another picture or
    /// none is used.</param>
    /// <param name="options">How it is completed.</param>
    /// <exception cref="ContextFullException">The prompt does not fit.</exception>
    public Completion Begin(ChatPrompt prompt, VisualTokens? picture, CompletionOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        return new Completion(this, Content(prompt, picture), picture, options);
    }

    /// <summary>Answers several questions behind one conversation, as if each were asked alone.</summary>
    /// <param name="before">The conversation up to the questions; its <see cref="ChatPrompt.After"/> is not used.</param>
    /// <param name="picture">Stands before the questions; null if there is none.</param>
    /// <param name="questions">Each with its tokens.</param>
    /// <param name="cancel">Ends texts early.</param>
    /// <exception cref="ContextFullException">A question does not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">The model computed NaN or infinity.</exception>
    /// <exception cref="ArgumentException">A question cannot be asked of this model.</exception>
    public IReadOnlyList<Answer> AskAll(
        IReadOnlyList<int> before, VisualTokens? picture, IReadOnlyList<(Question Question, IReadOnlyList<int> Ids)> questions, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(questions);
        if (_yesNo is not { } yesNo)
        {
            throw new ArgumentException("The model's tokenizer has no single piece for 'Yes' or 'No', so yes and no cannot be scored.", nameof(questions));
        }

        var content = Content(new ChatPrompt(before, []), picture);
        var answers = new Answer[questions.Count];
        Protect(() =>
        {
            Prefill(content, picture, content.Count);
            var batch = new QuestionBatchRun(State, _tokenizer, yesNo, CurrentPicture.None());
            foreach (var (index, (question, ids)) in questions.Index())
            {
                if (!batch.TryAdd(index, question, ids, Sampling.Sampler.Greedy, null))
                {
                    Run(batch);
                    batch = new QuestionBatchRun(State, _tokenizer, yesNo, CurrentPicture.None());
                    batch.TryAdd(index, question, ids, Sampling.Sampler.Greedy, null);
                }
            }

            Run(batch);
            return true;
        });
        return answers;

        void Run(QuestionBatchRun batch)
        {
            batch.Run((index, answer) => answers[index] = answer, cancel);
            State.Rewind(content.Count);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _state?.Dispose();
    }

    /// <summary>Rewinds to the part of a content that the state holds, and returns its length.</summary>
    internal int Reuse(IReadOnlyList<long> content)
    {
        var common = 0;
        while (common < _content.Count && common < content.Count && _content[common] == content[common])
        {
            common++;
        }

        // The logits after the last token are needed, so that one is processed again.
        common = Math.Min(common, content.Count - 1);
        State.Rewind(common);
        _content.RemoveRange(common, _content.Count - common);
        _scores.Clear();
        return common;
    }

    /// <summary>Appends the next part of a content.</summary>
    /// <param name="content">All of it.</param>
    /// <param name="picture">The picture in it.</param>
    /// <param name="count">How many tokens at most; less where text and picture meet.</param>
    /// <returns>The logits after the last of them, valid until the next call.</returns>
    internal ReadOnlySpan<float> Append(IReadOnlyList<long> content, VisualTokens? picture, int count)
    {
        var from = _content.Count;
        var isPicture = content[from] < 0;
        var to = from;
        while (to < content.Count && to - from < count && content[to] < 0 == isPicture)
        {
            to++;
        }

        _content.AddRange(content.Skip(from).Take(to - from));
        if (!isPicture)
        {
            return State.Append([.. content.Skip(from).Take(to - from).Select(id => (int)id)]);
        }

        var first = PictureRow(content[from]);
        return State.Append(picture!.Values.Slice(first * picture.HiddenSize, (to - from) * picture.HiddenSize));
    }

    /// <summary>Appends tokens and returns a row of logits for each, valid until the next call.</summary>
    internal DecoderState AppendScored(IReadOnlyList<long> content, int count)
    {
        int[] ids = [.. content.Skip(_content.Count).Take(count).Select(id => (int)id)];
        _content.AddRange(ids.Select(id => (long)id));
        State.Append([new SequenceTokens(SequenceTree.Prefix, ids, ids.Length)], useDecodeWeights: true);
        return State;
    }

    /// <summary>Appends a generated token.</summary>
    internal ReadOnlySpan<float> Step(int id)
    {
        _content.Add(id);
        return State.Step(id);
    }

    /// <summary>How many tokens of the content are in the state.</summary>
    internal int ContentLength => _content.Count;

    /// <summary>Rewinds to the part of a content that the state holds and whose tokens were scored: the continuations of one
    /// context are scored one after the other.</summary>
    /// <param name="content">A text.</param>
    /// <param name="topCount">How many of the most likely tokens each score has.</param>
    /// <returns>The scores of the tokens in the state, and of the one that follows.</returns>
    internal IReadOnlyList<TokenScore> ReuseScores(IReadOnlyList<long> content, int topCount)
    {
        var common = 0;
        while (topCount == _scoredTop && common < _scores.Count && common < content.Count - 1
            && common < _content.Count && _content[common] == content[common])
        {
            common++;
        }

        // The logits after the last common token are gone, so that one is processed again.
        var kept = Math.Max(0, common - 1);
        State.Rewind(kept);
        _content.RemoveRange(kept, _content.Count - kept);
        _scores.RemoveRange(common, _scores.Count - common);
        _scoredTop = topCount;
        return [.. _scores];
    }

    /// <summary>Keeps the score of the next token of the content.</summary>
    internal void KeepScore(TokenScore score) => _scores.Add(score);

    /// <summary>Runs work on the state. After an exception nothing of it is reused.</summary>
    internal T Protect<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch
        {
            _content.Clear();
            _scores.Clear();
            if (!_disposed)
            {
                _state?.Rewind(0);
            }

            throw;
        }
    }

    private void Prefill(IReadOnlyList<long> content, VisualTokens? picture, int until)
    {
        Reuse(content);
        while (_content.Count < until)
        {
            Append(content, picture, until);
        }
    }

    /// <summary>A prompt as one list: ids, and a negative number for each row of the picture.</summary>
    private List<long> Content(ChatPrompt prompt, VisualTokens? picture)
    {
        if (picture is not null && !ReferenceEquals(picture, _picture))
        {
            (_picture, _pictures) = (picture, _pictures + 1);
        }

        List<long> content = [.. prompt.Before.Select(id => (long)id)];
        for (var row = 0; row < (picture?.Count ?? 0); row++)
        {
            content.Add(-((_pictures << PictureBits) + row) - 1);
        }

        content.AddRange(prompt.After.Select(id => (long)id));
        if (content.Count > _capacity)
        {
            throw new ContextFullException(0, content.Count, _capacity);
        }

        return content;
    }

    private const int PictureBits = 16;

    private static int PictureRow(long item) => (int)((-item - 1) & ((1 << PictureBits) - 1));
}
