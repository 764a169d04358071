using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Questions;

/// <summary>Plays a table of scores to a judge, by the second, and writes down what is said.</summary>
internal sealed class JudgeBench
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<string> _said = [];
    private readonly TimeSpan _bootedAt;
    private readonly StandingQuestion _question;
    private QuestionStateMachine _judge;

    public JudgeBench(AnswerRules? rules = null, QuestionKind kind = QuestionKind.YesNo, SavedQuestionState? saved = null, double bootedAt = 0)
    {
        _question = new StandingQuestion("person", "?", kind, TimeSpan.FromSeconds(1)) { Rules = rules ?? new AnswerRules() };
        _bootedAt = TimeSpan.FromSeconds(bootedAt);
        _judge = new QuestionStateMachine(_question, saved, At(bootedAt));
    }

    public QuestionStateMachine Judge => _judge;

    public SavedQuestionState Saved => _judge.Saved;

    /// <summary>What was said: <c>3:yes</c> a state, <c>3:no>yes</c> an event, <c>9:unknown(noPicture)</c>.</summary>
    public string Said => string.Join(' ', _said);

    /// <param name="steps"><c>0=0.97</c>: at second 0 a picture scores 0.97 (or says this number or text);
    /// <c>9?</c>: time passes until second 9; <c>9?noPicture</c>: and this is what the question waits for.</param>
    public JudgeBench Play(string steps)
    {
        foreach (var step in steps.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (step.Split('=') is [var at, var says])
            {
                Hear(Second(at), says);
            }
            else
            {
                var (second, wait) = step.Split('?') is [var s, var w] ? (Second(s), w) : throw new FormatException(step);
                UnknownReason? reason = wait.Length == 0 ? null : Enum.Parse<UnknownReason>(wait, ignoreCase: true);
                Note(second, _judge.Tick(reason, At(second)));
            }
        }

        return this;
    }

    /// <summary>The process ends and starts again: another steady clock, the same wall.</summary>
    public JudgeBench Restart(double at)
    {
        var again = new JudgeBench(_question.Rules, _question.Kind, _judge.Saved, at);
        again._said.AddRange(_said);
        return again;
    }

    /// <summary>The second on both clocks; the steady one began with the process.</summary>
    public Instant At(double second) =>
        new(TimeSpan.FromSeconds(second) - _bootedAt, Start + TimeSpan.FromSeconds(second));

    private void Hear(double second, string says)
    {
        var score = double.TryParse(says, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : (double?)null;
        var kind = _question.Kind == QuestionKind.YesNo ? AnswerKind.YesNo : AnswerKind.Text;
        var answer = new Answer(
            new Question("?", kind), says, says, kind == AnswerKind.YesNo ? score : null, [], FinishReason.Stopped, default);
        var reading = AnswerHandler.Of(_question.Kind).Parse(_question, [answer], _question.Rules.Thresholds);
        Note(second, _judge.Apply(reading, At(second)));
    }

    private void Note(double second, Evaluation verdict)
    {
        var at = second.ToString(CultureInfo.InvariantCulture);
        if (verdict.SayState)
        {
            var standing = _judge.Standing;
            _said.Add($"{at}:{standing.State}{(standing.Reason is { } reason ? $"({reason.ToText()})" : "")}");
        }

        if (verdict.Event is { } change)
        {
            _said.Add($"{at}:{change.From}>{change.To}{(change.HeldBack > 0 ? $"+{change.HeldBack}" : "")}");
        }
    }

    private static double Second(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
