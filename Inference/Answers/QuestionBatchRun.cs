using System.Collections.ObjectModel;
using System.Diagnostics;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Questions that go through the decoder together, in one row after one picture: a sequence for each, and one
/// for each spelling of a choice. The first pass decides all scored questions; texts are then generated together, one or
/// more tokens of each per pass.</summary>
/// <param name="state">Holds what precedes the questions.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="yesNo">Scores yes/no questions.</param>
/// <param name="picture">What the questions are about. Where the cache does not have it, it goes there in the same pass as the
/// questions.</param>
/// <param name="readsPicture">Whether a question of this or a later batch needs hidden states of the picture.</param>
internal sealed class QuestionBatchRun(
    DecoderState state, LlamaTextTokenizer tokenizer, YesNoScorer yesNo, CurrentPicture picture, bool readsPicture = false)
{
    private static long _batches;

    private readonly long _batch = Interlocked.Increment(ref _batches);
    private readonly List<PendingQuestion> _pending = [];
    private readonly List<SequenceTokens> _parts = [];

    /// <summary>Maximum number of tokens that the questions so far take, their answers included.</summary>
    private long _required;

    /// <summary>Tokens of drafts, which are tried where the context has space for them.</summary>
    private long _drafts;

    private int PictureTokens => picture.IsCached ? 0 : picture.Count;

    /// <summary>The questions of this batch whose answers were not reported yet.</summary>
    public IEnumerable<(int Index, Question Question)> Unreported =>
        _pending.Where(pending => !pending.Reported).Select(pending => (pending.Index, pending.Question));

    /// <summary>Adds a question if it fits after those that were added before.</summary>
    /// <param name="index">Reported with its answer.</param>
    /// <param name="question">The question.</param>
    /// <param name="ids">Tokens of the question as they follow the picture.</param>
    /// <param name="sampler">Chooses the tokens of a text.</param>
    /// <param name="onText">Receives a text piece by piece while it is generated.</param>
    /// <returns>False when it has to wait for the next batch.</returns>
    /// <exception cref="ArgumentException">A choice cannot be decided, or the token limit is below 1.</exception>
    /// <exception cref="ContextFullException">It does not fit even alone. A text question fits when its question text does:
    /// the answer then ends where the context ends.</exception>
    public bool TryAdd(int index, Question question, IReadOnlyList<int> ids, Sampler sampler, Action<string>? onText)
    {
        var choices = question.Kind == AnswerKind.Choice ? new ChoiceSpellings(tokenizer, question.Choices) : null;
        var buffer = question.Kind == AnswerKind.Text
            ? new GenerationBuffer(tokenizer, new GenerationOptions(question.MaxTokens), onText)
            : null;
        var free = state.Capacity - state.Length - PictureTokens;
        var prompt = ids.Count + (choices?.AppendedTokenCount ?? 0);
        if (prompt > free)
        {
            throw new ContextFullException(state.Length + PictureTokens, prompt, state.Capacity);
        }

        var required = prompt + AnswerTokens(question);
        if (_pending.Count > 0 && _required + _drafts + required + question.Draft.Count > free)
        {
            return false;
        }

        _required += required;
        _drafts += question.Draft.Count;

        // Only greedy sampling gives the same text with a draft as without.
        var draft = sampler == Sampler.Greedy ? question.Draft.TakeWhile(id => id != tokenizer.EndId).ToArray() : [];
        _pending.Add(new PendingQuestion(index, question, [.. ids], choices, buffer, sampler, new PromptLookupDrafter(draft)));
        return true;
    }

    /// <summary>Maximum number of context tokens that an answer takes. The last token that is chosen is never
    /// appended.</summary>
    public static long AnswerTokens(Question question) => question.Kind == AnswerKind.Text ? question.MaxTokens - 1L : 0;

    /// <summary>Runs the batch and reports each answer once.</summary>
    /// <exception cref="NonFiniteLogitsException">One of the questions gives NaN or infinity. Questions without a reported
    /// answer may be asked again, each alone.</exception>
    public void Run(Action<int, Answer> onAnswer, CancellationToken cancel)
    {
        if (_pending.Count == 0)
        {
            return;
        }

        var started = Stopwatch.GetTimestamp();

        // What the answers may need is not used for drafts: tokens of a rejected draft stay in the cache until the batch ends.
        var spare = state.Capacity - state.Length - PictureTokens - _required;
        var row = 0;
        foreach (var pending in _pending)
        {
            pending.AssignSequence(state.Fork());

            // Draft tokens are part of the answer and must use the decode weights. This pass may use the prefill weights, and then
            // the draft is proposed in a later pass.
            if (!state.HasPrefillWeights && pending.Generation is { } text)
            {
                text.ProposeDraft(spare);
                spare -= text.Draft.Length;
            }

            pending.FirstLogitRow = row;
            row += pending.LogitRowCount;
            _parts.Add(new SequenceTokens(pending.Sequence, (int[])[.. pending.Ids, .. pending.Generation?.Draft ?? []], pending.LogitRowCount));
        }

        foreach (var pending in _pending.Where(pending => pending.Choices is not null))
        {
            foreach (var (_, ids) in pending.Choices!.Spellings)
            {
                _parts.Add(new SequenceTokens(state.Fork(pending.Sequence), (int[])[.. ids.SkipLast(1)], ids.Count - 1));
            }
        }

        if (readsPicture || _pending.Exists(pending => (pending.Question.NeededFeatures & FeatureGroups.OfDecoder) != FeatureKinds.None))
        {
            AppendWithStates();
        }
        else
        {
            state.Append(picture.IsCached ? default : picture.Values, _parts);
            foreach (var pending in _pending.Where(pending => pending.Question.NeededFeatures != FeatureKinds.None))
            {
                pending.Features = QuestionFeatures.OfPicture(pending.Question.NeededFeatures, picture);
            }
        }

        picture.IsCached = true;
        var prefill = Stopwatch.GetElapsedTime(started);
        ReportScored(onAnswer, prefill, spellingRow: row);
        Generate(onAnswer, prefill, cancel);
    }

    /// <summary>Runs the first pass and reads the features from it.</summary>
    private void AppendWithStates()
    {
        var row = PictureTokens;
        state.AppendWithStates(picture.IsCached ? default : picture.Values, _parts);
        var reader = new QuestionFeatures(state.States!);
        if (row > 0 && readsPicture)
        {
            reader.ReadPicture(row, picture);
        }

        foreach (var (pending, part) in _pending.Zip(_parts))
        {
            pending.Features = reader.Read(
                pending.Question.NeededFeatures,
                new RowRange(row, part.Ids.Length),
                new RowRange(pending.FirstLogitRow, pending.LogitRowCount),
                picture);
            row += part.Ids.Length;
        }
    }

    private void ReportScored(Action<int, Answer> onAnswer, TimeSpan prefill, int spellingRow)
    {
        foreach (var pending in _pending.Where(pending => pending.Generation is null))
        {
            var answer = pending.Choices is { } choices
                ? ScoreChoices(pending, choices, ref spellingRow, prefill)
                : ScoreYesNo(pending, prefill);
            pending.Reported = true;
            onAnswer(pending.Index, TaughtAnswers.Compared(TaughtAnswers.Rescored(answer), picture));
        }
    }

    private Answer ScoreYesNo(PendingQuestion pending, TimeSpan prefill)
    {
        var (score, mass) = yesNo.Score(state.Logits(pending.AnswerRow));
        var yes = score >= 0.5;
        return new Answer(
            pending.Question, yes ? "yes" : "no", yes ? "Yes" : "No", score, [], FinishReason.Stopped,
            Timings(prefill, TimeSpan.Zero))
        {
            Mass = mass,
            Features = pending.Features,
        };
    }

    private Answer ScoreChoices(PendingQuestion pending, ChoiceSpellings choices, ref int row, TimeSpan prefill)
    {
        var likelihoods = new double[choices.Spellings.Count];
        for (var i = 0; i < likelihoods.Length; i++)
        {
            var ids = choices.Spellings[i].Ids;
            likelihoods[i] = LogSoftmax.At(state.Logits(pending.AnswerRow), ids[0]);
            for (var token = 1; token < ids.Count; token++)
            {
                likelihoods[i] += LogSoftmax.At(state.Logits(row++), ids[token]);
            }
        }

        var (scores, mass) = choices.Share(likelihoods);
        var best = scores.Index().MaxBy(s => s.Item).Index;
        var value = pending.Question.Choices[best];
        return new Answer(
            pending.Question, value, value, scores[best], [], FinishReason.Stopped, Timings(prefill, TimeSpan.Zero))
        {
            ChoiceScores = scores,
            Mass = mass,
            Features = pending.Features,
        };
    }

    private void Generate(Action<int, Answer> onAnswer, TimeSpan prefill, CancellationToken cancel)
    {
        PendingQuestion[] texts = [.. _pending.Where(pending => pending.Generation is not null)];
        GenerationLoop.Run(
            state,
            [.. texts.Select(pending => pending.Generation!)],
            (i, generated) =>
            {
                texts[i].Reported = true;
                onAnswer(texts[i].Index, TextAnswer(texts[i].Question, generated, prefill));
            },
            cancel);
    }

    private AnswerTimings Timings(TimeSpan prefill, TimeSpan decode) => new(prefill, decode) { Batch = _batch };

    private Answer TextAnswer(Question question, GeneratedText generated, TimeSpan prefill)
    {
        var text = generated.Text.Trim();
        return new Answer(
            question, text, text, null, generated.TokenIds, generated.Finish, Timings(prefill, generated.Duration));
    }

    /// <summary>A question of this batch.</summary>
    private sealed class PendingQuestion(
        int index,
        Question question,
        int[] ids,
        ChoiceSpellings? choices,
        GenerationBuffer? buffer,
        Sampler sampler,
        PromptLookupDrafter drafter)
    {
        private int _firstLogitRow;

        public int Index => index;

        public Question Question => question;

        public int[] Ids => ids;

        public ChoiceSpellings? Choices => choices;

        /// <summary>The text that is generated; null for a scored question, and before <see cref="AssignSequence"/>.</summary>
        public GeneratedSequence? Generation { get; private set; }

        public int Sequence { get; private set; }

        /// <summary>Rows of logits of the first pass, those of a choice's spellings excluded. A mean over the question's last states
        /// takes all of its rows.</summary>
        public int LogitRowCount => Generation?.LogitRowCount ?? (question.NeededFeatures.HasFlag(FeatureKinds.LastQuestion) ? ids.Length : 1);

        /// <summary>Row of logits of the first pass from which a scored question is answered.</summary>
        public int AnswerRow => FirstLogitRow + LogitRowCount - 1;

        /// <summary>The question's features, once the first pass has run.</summary>
        public ReadOnlyDictionary<FeatureKinds, float[]> Features { get; set; } = ReadOnlyDictionary<FeatureKinds, float[]>.Empty;

        /// <summary>Index of its first row among the logits of the first pass.</summary>
        public int FirstLogitRow
        {
            get => _firstLogitRow;
            set
            {
                _firstLogitRow = value;
                Generation?.FirstLogitRow = value;
            }
        }

        /// <summary>Its answer was reported.</summary>
        public bool Reported { get; set; }

        public void AssignSequence(int sequence)
        {
            Sequence = sequence;
            Generation = buffer is null ? null : new GeneratedSequence(sequence, question.MaxTokens, buffer, sampler, drafter);
        }
    }
}
