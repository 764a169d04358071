using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Teaching.Features;
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
    private readonly CurrentPicture _picture = new();

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
        _yesNo = YesNoScorer.Of(_tokenizer, folder);
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
        AvailableFeatures = !decoder.HasHiddenStates ? FeatureGroups.OfEncoder
            : decoder.EarlyHiddenOutput is null ? FeatureGroups.All & ~FeatureGroups.OfEarlyLayer
            : FeatureGroups.All;
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
        Take(picture);
        CachePicture(readsPicture: false);
    }

    /// <summary>Same as <see cref="PrefillPicture"/>, but the picture goes through the decoder with the first question that needs it.</summary>
    /// <exception cref="ArgumentException">The tokens are of another model.</exception>
    public void TakePicture(VisualTokens picture) => Take(picture);

    public void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default) =>
        AskAll(questions, Sampler.Greedy, null, onAnswer, cancel);

    /// <summary>Same as <see cref="PrefillPicture"/> and <see cref="IQuestionAnswerer.AskAll"/> after it, in one pass through the decoder fewer.</summary>
    /// <exception cref="ArgumentException">The tokens are of another model.</exception>
    /// <exception cref="ContextFullException">The picture does not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">The picture gives NaN or infinity.</exception>
    public void AskAbout(VisualTokens picture, IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
    {
        Take(picture);
        if (picture.Count > _state.Capacity - _state.Length)
        {
            throw new ContextFullException(_state.Length, picture.Count, _state.Capacity);
        }

        if (Ask(questions, Sampler.Greedy, null, onAnswer, cancel) && !_picture.IsCached)
        {
            // No question could be asked, and the next call may be about this picture. After questions that the encoder answered
            // that call fills the cache itself.
            CachePicture(readsPicture: false);
        }
    }

    /// <summary>Answers one question, with a sampler and a listener for the text as it is generated.</summary>
    /// <exception cref="ContextFullException">The question does not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">The model computed NaN or infinity.</exception>
    /// <exception cref="ArgumentException">The question cannot be asked.</exception>
    public Answer Ask(Question question, Sampler sampler, Action<string>? onText, CancellationToken cancel = default) =>
        QuestionAnswererExtensions.Single(onAnswer => AskAll([question], sampler, onText, onAnswer, cancel));

    /// <summary>Features that this model can return.</summary>
    public FeatureKinds AvailableFeatures { get; }

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
        RequirePicture();
        RewindToEnd();
        Ask(questions, sampler, onText, onAnswer, cancel);
    }

    /// <returns>Whether a question needed the decoder.</returns>
    private bool Ask(
        IReadOnlyList<Question> questions,
        Sampler sampler,
        Action<string>? onText,
        Action<int, Answer> onAnswer,
        CancellationToken cancel)
    {
        var readsPicture = questions.Any(question => question.NeededFeatures.HasFlag(FeatureKinds.EarlyPicture));
        if (readsPicture && !_picture.HasStates)
        {
            _picture.IsCached = false;
            RewindToEnd();
        }

        var askedDecoder = false;
        try
        {
            var batch = NewBatch(readsPicture);

            // Scored ones first, because they need only one pass.
            foreach (var (index, asked) in questions.Index().OrderBy(q => q.Item.Kind == AnswerKind.Text))
            {
                var question = asked.WithDefaults(_scoring);
                if (TaughtAnswers.TryEncoder(question, _picture) is { } taught)
                {
                    onAnswer(index, TaughtAnswers.Compared(taught, _picture));
                    continue;
                }

                askedDecoder = true;
                var ids = PromptIdsAfter(question.PromptText);
                try
                {
                    if (!batch.TryAdd(index, question, ids, sampler, onText))
                    {
                        Run(batch, readsPicture, sampler, onText, onAnswer, cancel);
                        batch = NewBatch(readsPicture);
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

            Run(batch, readsPicture, sampler, onText, onAnswer, cancel);
            return askedDecoder;
        }
        finally
        {
            RewindToEnd();
        }
    }

    private QuestionBatchRun NewBatch(bool readsPicture) => new(_state, _tokenizer, _yesNo, _picture, readsPicture);

    /// <summary>Runs a batch. NaN of one question spreads to all that share the cache with it, so they are asked again, each
    /// alone, and only those that then give NaN have no answer.</summary>
    private void Run(
        QuestionBatchRun batch,
        bool readsPicture,
        Sampler sampler,
        Action<string>? onText,
        Action<int, Answer> onAnswer,
        CancellationToken cancel)
    {
        try
        {
            batch.Run(onAnswer, cancel);
        }
        catch (NonFiniteLogitsException) when (!_picture.IsCached)
        {
            // The picture or a question. If it is the picture, this reports it.
            CachePicture(readsPicture);
            var again = NewBatch(readsPicture);
            foreach (var (index, question) in batch.Unreported)
            {
                again.TryAdd(index, question, PromptIdsAfter(question.PromptText), sampler, onText);
            }

            Run(again, readsPicture, sampler, onText, onAnswer, cancel);
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
                var alone = NewBatch(readsPicture);
                alone.TryAdd(index, pending, PromptIdsAfter(pending.PromptText), sampler, onText);
                Run(alone, readsPicture, sampler, onText, onAnswer, cancel);
            }
        }
        finally
        {
            RewindToEnd();
        }
    }

    /// <summary>Takes a copy of the picture. Nothing is asked about the one before any more.</summary>
    private void Take(VisualTokens picture)
    {
        if (picture.HiddenSize != _hidden)
        {
            throw new ArgumentException(
                $"The visual tokens are {picture.HiddenSize} wide, the decoder's embeddings {_hidden}: they are of another model.",
                nameof(picture));
        }

        _picture.Set(picture);
        RewindToEnd();
    }

    /// <summary>Fills the cache with the picture. A picture that fails is forgotten, so that nothing is asked about it.</summary>
    private void CachePicture(bool readsPicture)
    {
        _picture.IsCached = false;
        RewindToEnd();
        try
        {
            if (readsPicture)
            {
                _state.AppendWithStates(_picture.Values, []);
                new QuestionFeatures(_state.States!).ReadPicture(_picture.Count, _picture);
            }
            else
            {
                _state.Append(_picture.Values);
            }

            _picture.IsCached = true;
        }
        finally
        {
            if (!_picture.IsCached)
            {
                _picture.Clear();
            }
        }
    }

    private void RewindToEnd() => _state.Rewind(_systemPromptEnd + (_picture.IsCached ? _picture.Count : 0));

    private void RewindToPicture()
    {
        RequirePicture();
        if (!_picture.IsCached)
        {
            CachePicture(readsPicture: false);
        }

        RewindToEnd();
    }

    private void RequirePicture()
    {
        if (_picture.Count == 0)
        {
            throw new InvalidOperationException("PrefillPicture was not called, so there is no picture to ask about.");
        }
    }
}
