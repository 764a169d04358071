using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Plays a table of scores to a machine, by the second, and writes down what is published.</summary>
internal sealed class StateMachineBench
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<string> _published = [];
    private readonly TimeSpan _bootedAt;
    private StandingQuestion _question;
    private QuestionStateMachine _machine;

    public StateMachineBench(
        AnswerRules? rules = null, QuestionKind kind = QuestionKind.YesNo, SavedQuestionState? saved = null, double bootedAt = 0, TaughtScoring? taught = null)
    {
        _question = new StandingQuestion("person", "?", kind, TimeSpan.FromSeconds(1)) { Rules = rules ?? new AnswerRules(), Taught = taught };
        _bootedAt = TimeSpan.FromSeconds(bootedAt);
        _machine = new QuestionStateMachine(_question, saved, At(bootedAt));
    }

    public QuestionStateMachine Machine => _machine;

    public SavedQuestionState Saved => _machine.Saved;

    /// <summary>What was published: <c>3:yes</c> a state, <c>3:no>yes</c> an event, <c>9:unknown(noPicture)</c>.</summary>
    public string Published => string.Join(' ', _published);

    /// <param name="steps"><c>0=0.97</c>: at second 0 a picture's answer is a yes of 0.97 (or, of a text question, this text); <c>0=0.97!</c>: the same, but the model would say
    /// something else;
    /// <c>9?</c>: time passes until second 9; <c>9?noPicture</c>: and this is what the question waits for.</param>
    public StateMachineBench Play(string steps)
    {
        foreach (var step in steps.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (step.Split('=') is [var at, var text])
            {
                Apply(Second(at), text);
            }
            else
            {
                var (second, wait) = step.Split('?') is [var s, var w] ? (Second(s), w) : throw new FormatException(step);
                UnknownReason? reason = wait.Length == 0 ? null : Enum.Parse<UnknownReason>(wait, ignoreCase: true);
                Note(second, _machine.Tick(reason, At(second)));
            }
        }

        return this;
    }

    /// <summary>The process ends and starts again: another steady clock, the same wall.</summary>
    public StateMachineBench Restart(double at) => Restart(at, _question.Taught);

    /// <summary>The same, with another scorer.</summary>
    public StateMachineBench Restart(double at, TaughtScoring? taught)
    {
        var again = new StateMachineBench(_question.Rules, _question.Kind, _machine.Saved, at, taught);
        again._published.AddRange(_published);
        return again;
    }

    /// <summary>The question gets another scorer.</summary>
    public StateMachineBench Teach(TaughtScoring? taught)
    {
        _question = _question with { Taught = taught };
        _machine.Change(_question);
        return this;
    }

    /// <summary>The second on both clocks; the steady one began with the process.</summary>
    public Instant At(double second) =>
        new(TimeSpan.FromSeconds(second) - _bootedAt, Start + TimeSpan.FromSeconds(second));

    private void Apply(double second, string text)
    {
        var isOther = text.EndsWith('!');
        text = text.TrimEnd('!');
        var score = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : (double?)null;
        var kind = _question.Kind == QuestionKind.YesNo ? AnswerKind.YesNo : AnswerKind.Text;
        var answer = new Answer(
            new Question("?", kind) { MinMass = 0.2 }, text, text, kind == AnswerKind.YesNo ? score : null, [], FinishReason.Stopped, default)
        {
            Mass = isOther ? 0.1 : 1,
        };
        var parsed = AnswerHandler.Of(_question.Kind).Parse(_question, [answer], _question.Rules.Thresholds);
        Note(second, _machine.Apply(parsed, At(second)));
    }

    private void Note(double second, Evaluation evaluation)
    {
        var at = second.ToString(CultureInfo.InvariantCulture);
        if (evaluation.PublishesState)
        {
            var state = _machine.Current;
            _published.Add($"{at}:{state.State}{(state.Reason is { } reason ? $"({reason.ToText()})" : "")}");
        }

        if (evaluation.Event is { } change)
        {
            _published.Add($"{at}:{change.From}>{change.To}{(change.SuppressedChanges > 0 ? $"+{change.SuppressedChanges}" : "")}");
        }
    }

    private static double Second(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
