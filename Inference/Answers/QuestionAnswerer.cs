using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Answers questions about one picture at a time. The cache holds the system prompt (filled once), then the
/// picture (filled once per picture), then the questions and answers in progress; rewinding to an earlier point copies
/// nothing.</summary>
public sealed class QuestionAnswerer : IQuestionAnswerer
{
    /// <summary>Tokens: 190 of prompt and picture, the rest for one question and its answer.</summary>
    public const int DefaultCapacity = 1024;

    private readonly LlamaTextTokenizer _tokenizer;
    private readonly DecoderState _state;
    private readonly YesNoScorer _yesNo;
    private readonly LanguageDecoder? _owned;
    private readonly ScoringDefaults _scoring;
    private readonly int _hidden;
    private readonly int _systemPromptEnd;
    private int _pictureEnd;

    /// <summary>The picture of the present call while the cache does not have it.</summary>
    private VisualTokens? _uncached;

    /// <param name="folder">A model with a vision part.</param>
    /// <param name="decoder">Opened from the same folder; not disposed here.</param>
    /// <param name="capacity">Context for the prompt, one picture, one question and its answer, in tokens.</param>
    public QuestionAnswerer(ModelFolder folder, LanguageDecoder decoder, int capacity = DefaultCapacity)
        : this(folder, decoder, capacity, owned: null)
    {
    }

    private QuestionAnswerer(ModelFolder folder, LanguageDecoder decoder, int capacity, LanguageDecoder? owned)
    {
        _owned = owned;
        _tokenizer = LlamaTextTokenizer.Open(folder);
        _yesNo = YesNoScorer.Create(_tokenizer, folder);
        _scoring = folder.Manifest.Scoring ?? ScoringDefaults.None;
        PromptIdsBefore = QuestionTokenCounter.PromptIdsBefore(_tokenizer);
        _state = decoder.CreateState(Math.Min(capacity, decoder.MaxPositions));
        try
        {
            _state.Append(PromptIdsBefore.ToArray());
        }
        catch
        {
            _state.Dispose();
            throw;
        }

        _hidden = decoder.Embeddings.HiddenSize;
        _systemPromptEnd = _state.Length;
    }

    /// <summary>Opens the folder's decoder for this answerer alone, which disposes it.</summary>
    /// <exception cref="ModelFolderException">The folder does not match its manifest.</exception>
    public static QuestionAnswerer Open(ModelFolder folder, ExecutionSettings settings, int capacity = DefaultCapacity) =>
        Open(folder, new LanguageDecoder(folder, settings), capacity);

    /// <summary>Takes over the decoder, also when this fails.</summary>
    internal static QuestionAnswerer Open(ModelFolder folder, LanguageDecoder decoder, int capacity)
    {
        try
        {
            return new QuestionAnswerer(folder, decoder, capacity, decoder);
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }

    /// <summary>Ids before the picture.</summary>
    public IReadOnlyList<int> PromptIdsBefore { get; }

    /// <summary>Ids after the picture for a question, which is used as it is: <see cref="Question.PromptText"/> of an
    /// <see cref="Answer.Question"/> is what was asked.</summary>
    public IReadOnlyList<int> PromptIdsAfter(string question) => _tokenizer.Encode(VicunaPrompt.AfterPicture(question));

    /// <summary>A question as the model will read it, with the model's own suffix where the question leaves it open.</summary>
    public string PromptTextOf(Question question) => question.WithDefaults(_scoring).PromptText;

    /// <exception cref="ArgumentException">The tokens are of another model.</exception>
    public void PrefillPicture(VisualTokens picture)
    {
        Forget(picture);
        _state.Append(picture.Values);
        _pictureEnd = _state.Length;
    }

    public void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default) =>
        AskAll(questions, Sampler.Greedy, null, onAnswer, cancel);

    /// <summary>Same as <see cref="PrefillPicture"/> and <see cref="IQuestionAnswerer.AskAll"/> after it, in one pass through the decoder fewer.</summary>
    /// <exception cref="ArgumentException">The tokens are of another model.</exception>
    /// <exception cref="ContextFullException">The picture does not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">The picture gives NaN or infinity.</exception>
    public void AskAbout(VisualTokens picture, IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
    {
        Forget(picture);
        if (picture.Count > _state.Capacity - _state.Length)
        {
            throw new ContextFullException(_state.Length, picture.Count, _state.Capacity);
        }

        _uncached = picture;
        try
        {
            Ask(questions, Sampler.Greedy, null, onAnswer, cancel);
            if (_uncached is not null)
            {
                // No question could be asked, and the next call may be about this picture.
                PrefillPicture(picture);
            }
        }
        finally
        {
            _uncached = null;
        }
    }

    /// <summary>Answers one question, with a sampler and a listener for the text as it is generated.</summary>
    /// <exception cref="ContextFullException">The question does not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">The model computed NaN or infinity.</exception>
    /// <exception cref="ArgumentException">The question cannot be asked.</exception>
    public Answer Ask(Question question, Sampler sampler, Action<string>? onText, CancellationToken cancel = default) =>
        QuestionAnswererExtensions.Single(onAnswer => AskAll([question], sampler, onText, onAnswer, cancel));

    /// <summary>Passes through the decoder so far.</summary>
    internal long Passes => _state.Passes;

    /// <summary>Logits at the answer position, [vocabulary], for comparison with the reference.</summary>
    internal float[] FirstLogits(string question) => LogitsAfter(question, []);

    /// <summary>Logits after the beginning of an answer, [vocabulary].</summary>
    internal float[] LogitsAfter(string question, ReadOnlySpan<int> answer)
    {
        RewindToPicture();
        return _state.Append([.. PromptIdsAfter(question), .. answer]).ToArray();
    }

    /// <summary>The same, with the answer's tokens appended one by one, as they are generated.</summary>
    internal float[] LogitsAfterSteps(string question, IEnumerable<int> answer)
    {
        RewindToPicture();
        var logits = _state.Append([.. PromptIdsAfter(question)]);
        foreach (var id in answer)
        {
            logits = _state.Step(id);
        }

        return logits.ToArray();
    }

    public void Dispose()
    {
        _state.Dispose();
        _owned?.Dispose();
    }

    private void AskAll(
        IReadOnlyList<Question> questions,
        Sampler sampler,
        Action<string>? onText,
        Action<int, Answer> onAnswer,
        CancellationToken cancel)
    {
        RewindToPicture();
        Ask(questions, sampler, onText, onAnswer, cancel);
    }

    private void Ask(
        IReadOnlyList<Question> questions,
        Sampler sampler,
        Action<string>? onText,
        Action<int, Answer> onAnswer,
        CancellationToken cancel)
    {
        try
        {
            var batch = NewBatch();

            // Scored ones first, because they need only one pass.
            foreach (var (index, asked) in questions.Index().OrderBy(q => q.Item.Kind == AnswerKind.Text))
            {
                var question = asked.WithDefaults(_scoring);
                var ids = PromptIdsAfter(question.PromptText);
                try
                {
                    if (!batch.TryAdd(index, question, ids, sampler, onText))
                    {
                        Run(batch, sampler, onText, onAnswer, cancel);
                        batch = NewBatch();
                        batch.TryAdd(index, question, ids, sampler, onText);
                    }
                }
                catch (ContextFullException full)
                {
                    onAnswer(index, Answer.Failed(question, AnswerFailureKind.TooLong, full));
                }
                catch (ArgumentException unusable)
                {
                    onAnswer(index, Answer.Failed(question, AnswerFailureKind.Unusable, unusable));
                }
            }

            Run(batch, sampler, onText, onAnswer, cancel);
        }
        finally
        {
            RewindToEnd();
        }
    }

    private QuestionBatchRun NewBatch() => new(_state, _tokenizer, _yesNo, _uncached, MarkPictureCached);

    /// <summary>Runs a batch. NaN of one question spreads to all that share the cache with it, so they are asked again, each
    /// alone, and only those that then give NaN have no answer.</summary>
    private void Run(
        QuestionBatchRun batch, Sampler sampler, Action<string>? onText, Action<int, Answer> onAnswer, CancellationToken cancel)
    {
        try
        {
            batch.Run(onAnswer, cancel);
        }
        catch (NonFiniteLogitsException) when (_uncached is not null)
        {
            // The picture or a question. If it is the picture, this reports it.
            PrefillPicture(_uncached);
            var again = NewBatch();
            foreach (var (index, question) in batch.Unreported)
            {
                again.TryAdd(index, question, PromptIdsAfter(question.PromptText), sampler, onText);
            }

            Run(again, sampler, onText, onAnswer, cancel);
        }
        catch (NonFiniteLogitsException fault)
        {
            var unreported = batch.Unreported.ToList();
            if (unreported is [var (only, question)])
            {
                onAnswer(only, Answer.Failed(question, AnswerFailureKind.NotFinite, fault));
                return;
            }

            foreach (var (index, pending) in unreported)
            {
                RewindToEnd();
                var alone = NewBatch();
                alone.TryAdd(index, pending, PromptIdsAfter(pending.PromptText), sampler, onText);
                Run(alone, sampler, onText, onAnswer, cancel);
            }
        }
        finally
        {
            RewindToEnd();
        }
    }

    /// <summary>The cache has the picture of this call.</summary>
    private void MarkPictureCached() => (_pictureEnd, _uncached) = (_systemPromptEnd + _uncached!.Count, null);

    /// <summary>Removes the picture before, so that nothing is asked about it when this one fails.</summary>
    private void Forget(VisualTokens picture)
    {
        if (picture.HiddenSize != _hidden)
        {
            throw new ArgumentException(
                $"The visual tokens are {picture.HiddenSize} wide, the decoder's embeddings {_hidden}: they are of another model.",
                nameof(picture));
        }

        (_pictureEnd, _uncached) = (0, null);
        _state.Rewind(_systemPromptEnd);
    }

    private void RewindToEnd() => _state.Rewind(_pictureEnd > 0 ? _pictureEnd : _systemPromptEnd);

    private void RewindToPicture()
    {
        if (_pictureEnd == 0)
        {
            throw new InvalidOperationException("PrefillPicture was not called, so there is no picture to ask about.");
        }

        _state.Rewind(_pictureEnd);
    }
}
