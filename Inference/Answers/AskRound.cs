using System.Diagnostics;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Questions that go through the decoder together, in one row over one picture: a branch for each, and one for
/// each spelling of a choice. The first pass decides all that is scored; texts go on together, some tokens each a
/// pass.</summary>
internal sealed class AskRound(DecoderState state, LlamaTextTokenizer tokenizer, YesNoScorer yesNo)
{
    private readonly List<Asked> _asked = [];
    private readonly List<BranchTokens> _parts = [];

    /// <summary>Tokens that are asked so far, and may still be written, drafts included.</summary>
    public int Room { get; private set; }

    /// <summary>Adds a question if it fits behind what was added before; the first one is always taken.</summary>
    /// <param name="at">Told with its answer.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="ids">The question as it stands behind the picture.</param>
    /// <param name="sampler">Chooses the tokens of a text.</param>
    /// <param name="onText">Told the text as it is written.</param>
    /// <exception cref="ArgumentException">A choice cannot be decided.</exception>
    public bool TryAdd(int at, Question question, IReadOnlyList<int> ids, Sampler sampler, Action<string>? onText)
    {
        var choices = question.Kind == AnswerKind.Choice ? new ChoiceSpellings(tokenizer, question.Choices) : null;
        var text = question.Kind == AnswerKind.Text
            ? new GrowingText(tokenizer, new GenerationOptions(question.MaxTokens), onText)
            : null;
        var room = ids.Count + (choices?.Spellings.Sum(s => s.Ids.Count - 1) ?? 0)
            + (text is null ? 0 : question.MaxTokens + question.Draft.Count);
        if (_asked.Count > 0 && Room + room > state.Capacity - state.Length)
        {
            return false;
        }

        Room += room;

        // Only the likeliest token is the same however it was guessed.
        var draft = sampler == Sampler.Greedy ? question.Draft.TakeWhile(id => id != tokenizer.EndId).ToArray() : [];
        _asked.Add(new Asked(at, question, [.. ids], choices, text, sampler, new DraftSource(draft)));
        return true;
    }

    /// <summary>Asks, and tells each answer once.</summary>
    /// <exception cref="ContextFullException">The only question does not fit.</exception>
    public void Run(Action<int, Answer> onAnswer, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var asked in _asked)
        {
            asked.Branch = state.Fork();

            // A guess is an answer's tokens: where those have other weights than the question, it waits for them.
            asked.Guess = state.HasTwoSets ? [] : Guess(asked, state.Length + asked.Ids.Length);
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
        TellScored(onAnswer, prefill);
        Write(onAnswer, prefill, cancel);
    }

    private void Add(int branch, int[] ids, int wanted) => _parts.Add(new BranchTokens(branch, ids, wanted));

    private void TellScored(Action<int, Answer> onAnswer, TimeSpan prefill)
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
                onAnswer(asked.At, answer);
            }
        }
    }

    private Answer Scored(Asked asked, TimeSpan prefill)
    {
        var score = yesNo.Score(state.Logits(asked.Row));
        var yes = score >= 0.5;
        return new Answer(
            asked.Question, yes ? "yes" : "no", yes ? "Yes" : "No", score, [], FinishReason.Stopped,
            new AnswerTimings(prefill, TimeSpan.Zero));
    }

    private Answer Chosen(Asked asked, ChoiceSpellings choices, ref int row, TimeSpan prefill)
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
                    onAnswer(asked.At, Written(asked, finish, prefill));
                }
            }

            if (writing.RemoveAll(a => a.Finished) > 0 && writing.Count == 0)
            {
                return;
            }

            _parts.Clear();
            var row = 0;
            var free = state.Capacity - state.Length;
            foreach (var asked in writing)
            {
                // Each that writes needs one place; what is guessed shares what is left.
                asked.Guess = Guess(asked, state.Capacity - free + writing.Count);
                asked.Row = row;
                row += asked.Guess.Length + 1;
                free -= asked.Guess.Length;
                Add(asked.Branch, [asked.Text!.Ids[^1], .. asked.Guess], asked.Guess.Length + 1);
            }

            state.Append(_parts, writing: true);
        }
    }

    /// <summary>Takes over the part of the guess that the model confirms, and the token that it chooses behind it.</summary>
    private FinishReason? Take(Asked asked, CancellationToken cancel)
    {
        var text = asked.Text!;
        var held = 0;
        while (true)
        {
            var id = asked.Sampler.Choose(state.Logits(asked.Row + held));
            if (text.Push(id) is { } finish)
            {
                return asked.Finish(finish);
            }

            if (held == asked.Guess.Length || id != asked.Guess[held])
            {
                state.Drop(asked.Branch, asked.Guess.Length - held);
                asked.Draft.Tell(asked.Guess.Length, held, id);
                break;
            }

            held++;
        }

        return cancel.IsCancellationRequested ? asked.Finish(FinishReason.Cancelled)
            : state.Length >= state.Capacity ? asked.Finish(FinishReason.Length)
            : null;
    }

    /// <param name="asked">Whose text goes on.</param>
    /// <param name="taken">Places of the cache that are needed all the same.</param>
    private int[] Guess(Asked asked, int taken)
    {
        if (asked.Text is not { } text)
        {
            return [];
        }

        var most = Math.Min(state.Capacity - taken, asked.Question.MaxTokens - text.Ids.Count - 1);
        var ids = asked.Draft.Next(text.Ids);
        return ids[..Math.Clamp(most, 0, ids.Length)].ToArray();
    }

    private static Answer Written(Asked asked, FinishReason finish, TimeSpan prefill)
    {
        var written = asked.Text!.End(finish);
        var text = written.Text.Trim();
        return new Answer(
            asked.Question, text, text, null, written.TokenIds, finish, new AnswerTimings(prefill, written.Duration));
    }

    /// <summary>One question on its way.</summary>
    private sealed class Asked(
        int at,
        Question question,
        int[] ids,
        ChoiceSpellings? choices,
        GrowingText? text,
        Sampler sampler,
        DraftSource draft)
    {
        public int At => at;

        public Question Question => question;

        public int[] Ids => ids;

        public ChoiceSpellings? Choices => choices;

        public GrowingText? Text => text;

        public Sampler Sampler => sampler;

        public DraftSource Draft => draft;

        public int Branch { get; set; }

        /// <summary>First of its rows among the logits of the last pass.</summary>
        public int Row { get; set; }

        /// <summary>Guessed ids in the last pass.</summary>
        public int[] Guess { get; set; } = [];

        public bool Finished { get; private set; }

        public FinishReason Finish(FinishReason reason)
        {
            Finished = true;
            return reason;
        }
    }
}
