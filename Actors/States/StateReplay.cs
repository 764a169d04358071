using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.States;

/// <summary>A state that a replay reached.</summary>
/// <param name="At">When: the capture time of the frame that decided, or the moment at which answers had been missing for too long.</param>
/// <param name="State">The state.</param>
/// <param name="Reason">Why it is unknown; null otherwise.</param>
internal sealed record ReplayedState(DateTimeOffset At, string State, UnknownReason? Reason);

/// <summary>An event that a replay raised.</summary>
/// <param name="At">Capture time of the frame that decided.</param>
/// <param name="Change">The change.</param>
internal sealed record ReplayedEvent(DateTimeOffset At, StateChange Change);

/// <summary>Applies the rules of a question to answers of the past, with the state machine that the running service uses, so that the result is
/// what the service would have done. Begins without a state. One caller at a time.</summary>
internal sealed class StateReplay
{
    private readonly QuestionStateMachine _machine;
    private readonly DateTimeOffset _from;
    private readonly List<ReplayedState> _states = [];
    private readonly List<ReplayedEvent> _events = [];
    private TimeSpan _answeredAt;
    private string _state = AnswerWords.Unknown;

    /// <param name="question">The question with its rules.</param>
    /// <param name="from">The beginning of the time that is replayed.</param>
    public StateReplay(StandingQuestion question, DateTimeOffset from)
    {
        _from = from;
        _machine = new QuestionStateMachine(question, null, At(from));
    }

    /// <summary>The states in their order. The first one is the first known state.</summary>
    public IReadOnlyList<ReplayedState> States => _states;

    /// <summary>The events in their order.</summary>
    public IReadOnlyList<ReplayedEvent> Events => _events;

    /// <summary>How often the state changed, changes to and from unknown included. Reaching the first state is not a change.</summary>
    public int Changes => Math.Max(0, _states.Count - 1);

    /// <summary>A frame was answered. Frames come in the order of their times.</summary>
    public void Apply(ParsedAnswer answer, DateTimeOffset captured)
    {
        PassUntil(captured);
        var at = At(captured);
        Record(_machine.Apply(answer, at), captured);
        if (!answer.IsFailure)
        {
            _answeredAt = at.Monotonic;
        }
    }

    /// <summary>The question was not asked from a moment on.</summary>
    /// <param name="reason">Why, a deliberate reason.</param>
    /// <param name="at">The moment.</param>
    public void Pause(UnknownReason reason, DateTimeOffset at)
    {
        PassUntil(at);
        Record(_machine.Tick(reason, At(at)), at);
    }

    /// <summary>The time ends.</summary>
    public void End(DateTimeOffset to) => PassUntil(to);

    private Instant At(DateTimeOffset moment) => new(moment - _from, moment);

    /// <summary>Time passes. The service ticks once per interval; only the first tick after the lifetime of the state changes anything.</summary>
    private void PassUntil(DateTimeOffset moment)
    {
        var expired = (Math.Floor((_answeredAt + _machine.StateLifetime) / EvaluationActor.TickInterval) + 1) * EvaluationActor.TickInterval;
        if (expired <= moment - _from)
        {
            Record(_machine.Tick(null, At(_from + expired)), _from + expired);
        }
    }

    private void Record(Evaluation evaluation, DateTimeOffset at)
    {
        if (evaluation.Event is { } change)
        {
            _events.Add(new ReplayedEvent(at, change));
        }

        if (_machine.Current.State is var state && state != _state)
        {
            _state = state;
            _states.Add(new ReplayedState(at, state, _machine.Current.Reason));
        }
    }
}
