using System.Diagnostics;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Questions that go through the decoder together, in one row over one picture: a branch for each, and one for
/// each spelling of a choice. The first pass decides all that is scored; texts go on together, some tokens each a
/// pass.</summary>
internal sealed class QuestionBatchRun(DecoderState state, LlamaTextTokenizer tokenizer, YesNoScorer yesNo)
{
    private readonly List<PendingQuestion> _asked = [];
    private readonly List<SequenceTokens> _parts = [];

    /// <summary>Tokens that the questions so far take at most, their answers included.</summary>
    private long _need;

    /// <summary>Tokens of drafts, which are tried where there is room for them.</summary>
    private long _drafts;

    /// <summary>The questions of this round whose answers were not reported yet.</summary>
    public IEnumerable<(int At, Question Question)> Untold => _asked.Where(a => !a.Told).Select(a => (a.At, a.Question));

    /// <summary>Adds a question if it fits behind what was added before.</summary>
    /// <param name="at">Told with its answer.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="ids">The question as it stands behind the picture.</param>
    /// <param name="sampler">Chooses the tokens of a text.</param>
    /// <param name="onText">Told the text as it is written.</param>
    /// <returns>False when it has to wait for the next round.</returns>
    /// <exception cref="ArgumentException">A choice cannot be decided, or no token may be written.</exception>
    /// <exception cref="ContextFullException">It does not fit even alone. A text question fits when its question text does:
    /// the answer then ends where the context ends.</exception>
    public bool TryAdd(int at, Question question, IReadOnlyList<int> ids, Sampler sampler, Action<string>? onText)
    {
        var choices = question.Kind == AnswerKind.Choice ? new ChoiceSpellings(tokenizer, question.Choices) : null;
        var text = question.Kind == AnswerKind.Text
            ? new GenerationBuffer(tokenizer, new GenerationOptions(question.MaxTokens), onText)
            : null;
        var free = state.Capacity - state.Length;
        var prompt = ids.Count + (choices?.TokenCount ?? 0);
        if (prompt > free)
        {
            throw new ContextFullException(state.Length, prompt, state.Capacity);
        }

        var need = prompt + AnswerTokens(question);
        if (_asked.Count > 0 && _need + _drafts + need + question.Draft.Count > free)
        {
            return false;
        }

        _need += need;
        _drafts += question.Draft.Count;

        // Only the likeliest token is the same however it was guessed.
        var draft = sampler == Sampler.Greedy ? question.Draft.TakeWhile(id => id != tokenizer.EndId).ToArray() : [];
        _asked.Add(new PendingQuestion(at, question, [.. ids], choices, text, sampler, new PromptLookupDrafter(draft)));
        return true;
    }

    /// <summary>Tokens of the context that an answer takes at most. The last one that is chosen is never read.</summary>
    public static long AnswerTokens(Question question) => question.Kind == AnswerKind.Text ? question.MaxTokens - 1L : 0;

    /// <summary>Asks, and tells each answer once.</summary>
    /// <exception cref="NonFiniteLogitsException">One of the questions gives NaN or infinity. Questions without a reported
    /// answer may be asked again, each alone.</exception>
    public void Run(Action<int, Answer> onAnswer, CancellationToken cancel)
    {
        if (_asked.Count == 0)
        {
            return;
        }

        var started = Stopwatch.GetTimestamp();

        // Room that the answers may need is not used for drafts: tokens of a rejected draft take room until the round ends.
        var spare = state.Capacity - state.Length - _need;
        foreach (var asked in _asked)
        {
            asked.Branch = state.Fork();

            // A guess is an answer's tokens: where those have other weights than the question, it waits for them.
            asked.Guess = state.HasTwoSets ? [] : Guess(asked, spare);
            spare -= asked.Guess.Length;
            Add(asked.Branch, [.. asked.Ids, .. asked.Guess], asked.Guess.Length + 1);
        }

        foreach (var asked in _asked.Where(a => a.Choices is not null))
        {
            foreach (var (_, ids) in asked.Choices!.Spellings)
            {
                Add(state.Fork(asked.Branch), [.. ids.SkipLast(1)], ids.Count - 1);
            }
        }

        state.Append(_parts);
        var prefill = Stopwatch.GetElapsedTime(started);
        ReportScored(onAnswer, prefill);
        Write(onAnswer, prefill, cancel);
    }

    private void Add(int branch, int[] ids, int wanted) => _parts.Add(new SequenceTokens(branch, ids, wanted));

    private void ReportScored(Action<int, Answer> onAnswer, TimeSpan prefill)
    {
        var spellings = _asked.Sum(a => a.Guess.Length + 1);
        var row = 0;
        foreach (var asked in _asked)
        {
            asked.Row = row;
            row += asked.Guess.Length + 1;
            if (asked.Text is null)
            {
                var answer = asked.Choices is { } choices
                    ? Chosen(asked, choices, ref spellings, prefill)
                    : Scored(asked, prefill);
                asked.Told = true;
                onAnswer(asked.At, answer);
            }
        }
    }

    private Answer Scored(PendingQuestion asked, TimeSpan prefill)
    {
        var score = yesNo.Score(state.Logits(asked.Row));
        var yes = score >= 0.5;
        return new Answer(
            asked.Question, yes ? "yes" : "no", yes ? "Yes" : "No", score, [], FinishReason.Stopped,
            new AnswerTimings(prefill, TimeSpan.Zero));
    }

    private Answer Chosen(PendingQuestion asked, ChoiceSpellings choices, ref int row, TimeSpan prefill)
    {
        var likelihoods = new double[choices.Spellings.Count];
        for (var i = 0; i < likelihoods.Length; i++)
        {
            var ids = choices.Spellings[i].Ids;
            likelihoods[i] = ChoiceSpellings.LogProbability(state.Logits(asked.Row), ids[0]);
            for (var token = 1; token < ids.Count; token++)
            {
                likelihoods[i] += ChoiceSpellings.LogProbability(state.Logits(row++), ids[token]);
            }
        }

        var scores = choices.Share(likelihoods);
        var best = scores.Index().MaxBy(s => s.Item).Index;
        var value = asked.Question.Choices[best];
        return new Answer(
            asked.Question, value, value, scores[best], [], FinishReason.Stopped, new AnswerTimings(prefill, TimeSpan.Zero))
        {
            ChoiceScores = scores,
        };
    }

    private void Write(Action<int, Answer> onAnswer, TimeSpan prefill, CancellationToken cancel)
    {
        var writing = _asked.Where(a => a.Text is not null).ToList();
        while (writing.Count > 0)
        {
            foreach (var asked in writing)
            {
                if (Take(asked, cancel) is { } finish)
                {
                    asked.Told = true;
                    onAnswer(asked.At, Written(asked, finish, prefill));
                }
            }

            if (writing.RemoveAll(a => a.Told) > 0 && writing.Count == 0)
            {
                return;
            }

            _parts.Clear();
            var row = 0;
            var spare = state.Capacity - state.Length - writing.Sum(a => (long)a.Question.MaxTokens - a.Text!.Ids.Count);
            foreach (var asked in writing)
            {
                asked.Guess = Guess(asked, spare);
                asked.Row = row;
                row += asked.Guess.Length + 1;
                spare -= asked.Guess.Length;
                Add(asked.Branch, [asked.Text!.Ids[^1], .. asked.Guess], asked.Guess.Length + 1);
            }

            state.Append(_parts, writing: true);
        }
    }

    /// <summary>Takes over the part of the guess that the model confirms, and the token that it chooses behind it.</summary>
    private FinishReason? Take(PendingQuestion asked, CancellationToken cancel)
    {
        var text = asked.Text!;
        var held = 0;
        while (true)
        {
            var id = asked.Sampler.Choose(state.Logits(asked.Row + held));
            if (text.Push(id) is { } finish)
            {
                return finish;
            }

            if (held == asked.Guess.Length || id != asked.Guess[held])
            {
                state.Drop(asked.Branch, asked.Guess.Length - held);
                asked.Draft.Accept(asked.Guess.Length, held, id);
                break;
            }

            held++;
        }

        return cancel.IsCancellationRequested ? FinishReason.Cancelled
            : state.Length >= state.Capacity ? FinishReason.Length
            : null;
    }

    /// <param name="asked">Whose text goes on.</param>
    /// <param name="spare">Places of the cache that no answer needs.</param>
    private static int[] Guess(PendingQuestion asked, long spare)
    {
        if (asked.Text is not { } text)
        {
            return [];
        }

        var most = Math.Min(spare, asked.Question.MaxTokens - text.Ids.Count - 1);
        var ids = asked.Draft.Next(text.Ids);
        return ids[..(int)Math.Clamp(most, 0, ids.Length)].ToArray();
    }

    private static Answer Written(PendingQuestion asked, FinishReason finish, TimeSpan prefill)
    {
        var written = asked.Text!.End(finish);
        var text = written.Text.Trim();
        return new Answer(
            asked.Question, text, text, null, written.TokenIds, finish, new AnswerTimings(prefill, written.Duration));
    }

    /// <summary>One question on its way.</summary>
    private sealed class PendingQuestion(
        int at,
        Question question,
        int[] ids,
        ChoiceSpellings? choices,
        GenerationBuffer? text,
        Sampler sampler,
        PromptLookupDrafter draft)
    {
        public int At => at;

        public Question Question => question;

        public int[] Ids => ids;

        public ChoiceSpellings? Choices => choices;

        public GenerationBuffer? Text => text;

        public Sampler Sampler => sampler;

        public PromptLookupDrafter Draft => draft;

        public int Branch { get; set; }

        /// <summary>First of its rows among the logits of the last pass.</summary>
        public int Row { get; set; }

        /// <summary>Guessed ids in the last pass.</summary>
        public int[] Guess { get; set; } = [];

        /// <summary>Its answer was reported.</summary>
        public bool Told { get; set; }
    }
}
