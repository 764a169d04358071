using System.Diagnostics;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Answers questions about one picture at a time. The cache holds the system prompt (filled once, for ever),
/// behind it the picture (filled once a picture), behind it the question and answer in progress; going back to an
/// earlier point copies nothing.</summary>
public sealed class QuestionAnswerer : IQuestionAnswerer
{
    /// <summary>Tokens: 190 of prompt and picture, the rest for one question and its answer.</summary>
    public const int DefaultCapacity = 1024;

    private readonly LlamaTextTokenizer _tokenizer;
    private readonly DecoderState _state;
    private readonly TextGenerator _generator;
    private readonly YesNoScorer _yesNo;
    private readonly LanguageDecoder? _owned;
    private readonly int _hidden;
    private readonly int _systemLength;
    private int _pictureLength;

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
        _yesNo = new YesNoScorer(_tokenizer, folder);
        _generator = new TextGenerator(_tokenizer);
        PromptIdsBefore = [_tokenizer.BeginId, .. _tokenizer.Encode(VicunaPrompt.BeforePicture)];
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

        _hidden = decoder.Embeddings.Hidden;
        _systemLength = _state.Length;
    }

    /// <summary>Opens the folder's decoder for this answerer alone, which disposes it.</summary>
    /// <exception cref="ModelFolderException">The folder does not match its manifest.</exception>
    public static QuestionAnswerer Open(ModelFolder folder, ExecutionSettings settings, int capacity = DefaultCapacity)
    {
        var decoder = new LanguageDecoder(folder, settings);
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

    /// <summary>Ids in front of the picture.</summary>
    public IReadOnlyList<int> PromptIdsBefore { get; }

    /// <summary>Ids behind the picture for a question.</summary>
    public IReadOnlyList<int> PromptIdsAfter(string question) => _tokenizer.Encode(VicunaPrompt.AfterPicture(question));

    /// <exception cref="ArgumentException">The tokens are of another model.</exception>
    public void Prime(VisualTokens picture)
    {
        if (picture.Hidden != _hidden)
        {
            throw new ArgumentException(
                $"The visual tokens are {picture.Hidden} wide, the decoder's embeddings {_hidden}: they are of another model.",
                nameof(picture));
        }

        _pictureLength = 0;
        _state.Rewind(_systemLength);
        _state.Append(picture.Values);
        _pictureLength = _state.Length;
    }

    public void AskAll(IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
    {
        foreach (var (at, question) in questions.Index().OrderBy(q => q.Item.Kind == AnswerKind.Text))
        {
            onAnswer(at, Ask(question, Sampler.Greedy, null, cancel));
        }
    }

    /// <summary>Answers one question, with a sampler and a listener for the text as it is written.</summary>
    public Answer Ask(Question question, Sampler sampler, Action<string>? onText, CancellationToken cancel = default)
    {
        var started = Stopwatch.GetTimestamp();
        var logits = Append(question.Text);
        var prefill = Stopwatch.GetElapsedTime(started);
        return question.Kind switch
        {
            AnswerKind.YesNo => Scored(question, logits, prefill),
            AnswerKind.Choice => Chosen(question, logits, prefill),
            _ => Written(question, logits, prefill, sampler, onText, cancel),
        };
    }

    /// <summary>Logits at the answer position, [vocabulary], for comparison with the reference.</summary>
    internal float[] FirstLogits(string question) => Append(question).ToArray();

    public void Dispose()
    {
        _state.Dispose();
        _owned?.Dispose();
    }

    /// <summary>Puts a question behind the picture, in place of the one before.</summary>
    private ReadOnlySpan<float> Append(string question)
    {
        if (_pictureLength == 0)
        {
            throw new InvalidOperationException("No picture was primed, so there is nothing to ask about.");
        }

        _state.Rewind(_pictureLength);
        return _state.Append([.. PromptIdsAfter(question)]);
    }

    private Answer Scored(Question question, ReadOnlySpan<float> logits, TimeSpan prefill)
    {
        var score = _yesNo.Score(logits);
        var yes = score >= 0.5;
        return new Answer(
            question, yes ? "yes" : "no", yes ? "Yes" : "No", score, [], FinishReason.Stopped,
            new AnswerTimings(prefill, TimeSpan.Zero));
    }

    private Answer Chosen(Question question, ReadOnlySpan<float> logits, TimeSpan prefill)
    {
        var started = Stopwatch.GetTimestamp();
        var first = logits.ToArray();
        var start = _state.Length;
        var choices = new ChoiceSpellings(_tokenizer, question.Choices);
        var likelihoods = new double[choices.Spellings.Count];
        for (var i = 0; i < likelihoods.Length; i++)
        {
            _state.Rewind(start);
            var row = first.AsSpan();
            foreach (var id in choices.Spellings[i].Ids)
            {
                likelihoods[i] += ChoiceSpellings.LogProbability(row, id);
                row = id == _tokenizer.EndId ? row : _state.Step(id).ToArray();
            }
        }

        var scores = choices.Share(likelihoods);
        var best = scores.Index().MaxBy(s => s.Item).Index;
        return new Answer(
            question, question.Choices[best], question.Choices[best], scores[best], [], FinishReason.Stopped,
            new AnswerTimings(prefill, Stopwatch.GetElapsedTime(started)))
        {
            ChoiceScores = scores,
        };
    }

    private Answer Written(
        Question question, ReadOnlySpan<float> logits, TimeSpan prefill, Sampler sampler, Action<string>? onText, CancellationToken cancel)
    {
        var written = _generator.Write(_state, logits, sampler, new GenerationOptions(question.MaxTokens), onText, cancel);
        var text = written.Text.Trim();
        return new Answer(
            question, text, text, null, written.TokenIds, written.Finish, new AnswerTimings(prefill, written.Duration));
    }
}
