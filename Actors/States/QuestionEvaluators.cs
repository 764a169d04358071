using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The state machines of all questions: passes each its answers and the time, and returns what is new. Outlives the actor
/// that uses it. One caller at a time.</summary>
internal sealed partial class QuestionEvaluators
{
    private readonly QuestionStates _states;
    private readonly EdgeCounters _counters;
    private readonly ClockMonitor _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IReadOnlyDictionary<string, SavedQuestionState> _saved;
    private readonly Func<bool>? _hasEngine;
    private readonly OrderedDictionary<(CameraId Camera, string Question), Entry> _entries = [];
    private readonly List<StateUpdates> _unsent = [];

    /// <param name="states">Receives each question's current state.</param>
    /// <param name="counters">Supply the reason for a missing answer; updated with it.</param>
    /// <param name="saved">States of the last run, by camera and question (<c>gate/person</c>).</param>
    /// <param name="clock">Observed with each <see cref="Tick"/>.</param>
    /// <param name="time">Both clocks.</param>
    /// <param name="logger">Logs state changes, and once that a question has no answer.</param>
    /// <param name="hasEngine">False while no model can be reached; null where this host has one.</param>
    public QuestionEvaluators(
        QuestionStates states,
        EdgeCounters counters,
        IReadOnlyDictionary<string, SavedQuestionState> saved,
        ClockMonitor clock,
        TimeProvider time,
        ILogger<QuestionEvaluators> logger,
        Func<bool>? hasEngine = null)
    {
        _hasEngine = hasEngine;
        _states = states;
        _counters = counters;
        _saved = saved;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>The message at which the actor that uses this object failed; it is handled once more after the restart.</summary>
    public FailedMessageRetry MessageRetry { get; } = new();

    /// <summary>The timer for the next check; it outlives restarts of the actor.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>The data that must survive a restart.</summary>
    public IReadOnlyDictionary<string, SavedQuestionState> Saved => _entries.ToDictionary(
        entry => $"{entry.Key.Camera}/{entry.Key.Question}", entry => entry.Value.Machine.Saved);

    /// <summary>Replaces the questions. One that stays keeps its state.</summary>
    public void Configure(IReadOnlyList<CameraConfiguration> plans)
    {
        var before = _entries.ToDictionary();
        _entries.Clear();
        foreach (var (plan, question) in plans.SelectMany(plan => plan.Questions.Select(question => (plan, question))))
        {
            var key = (plan.Id, question.Id);
            if (before.Remove(key, out var entry))
            {
                entry.Machine.Change(question);
            }
            else
            {
                entry = AddEntry(plan.Id, question);
            }

            _entries.Add(key, entry);
            entry.Drift.Follow(question.Taught);
            _states.Set(plan.Id, question.Id, entry.Machine.Current);
        }

        foreach (var (camera, question) in before.Keys)
        {
            _states.Remove(camera, question);
        }
    }

    /// <summary>The results since the last call, in their order. Kept here until then, so that an actor which fails in
    /// between loses no event.</summary>
    public IReadOnlyList<StateUpdates> TakeUnsent()
    {
        StateUpdates[] unsent = [.. _unsent];
        _unsent.Clear();
        return unsent;
    }

    /// <summary>A frame was answered. An answer that was handled in an earlier attempt that failed is not handled
    /// twice.</summary>
    public void Apply(FrameAnswered frame)
    {
        var captured = new Instant(Steady(frame.CapturedTimestamp), frame.CapturedAt);
        var frameOnly = frame with { Snapshot = null, HistoryPicture = null };
        var updates = new List<QuestionUpdate>();
        _unsent.Add(new StateUpdates(frame, updates));
        if (_states.IsSuspended(frame.Camera))
        {
            // The frame was in flight when the view changed, so it may show something other than the questions are about.
            return;
        }

        foreach (var answer in frame.Answers)
        {
            // A frame that was in flight when the configuration changed may have answers to removed questions, or of another scorer.
            if (_entries.TryGetValue((frame.Camera, answer.Question.Id), out var entry)
                && entry.Machine.Question.Kind == answer.Question.Kind
                && entry.Machine.Question.Taught?.Identity == answer.Question.Taught?.Identity
                && !ReferenceEquals(entry.LastEvaluated, answer))
            {
                try
                {
                    updates.Add(Apply(frame.Camera, entry, frameOnly, answer, captured));
                }
                catch (Exception fault)
                {
                    // A question that cannot be evaluated must not affect the other answers of its frame.
                    NotEvaluated(frame.Camera, answer, fault);
                }
            }
        }
    }

    /// <summary>Time passed.</summary>
    public void Tick()
    {
        _states.Snoozes.Tick();
        if (_clock.Observe())
        {
            foreach (var entry in _entries.Values)
            {
                entry.Machine.CorrectTimes(_clock);
            }
        }

        var now = Now();
        var updates = new List<QuestionUpdate>();
        _unsent.Add(new StateUpdates(null, updates));
        foreach (var ((camera, id), entry) in _entries)
        {
            var question = entry.Machine.Question;
            entry.Machine.Patience = _states.Patience();
            if (entry.MissingAnswer.Check(_states.ReasonNotAsked(camera, question), entry.Machine.StateLifetime, now))
            {
                ReportWait(camera, id, entry);
            }

            var before = entry.Machine.Current;
            var evaluation = entry.Machine.Tick(entry.MissingAnswer.Reason, now);
            _states.Set(camera, id, entry.Machine.Current);
            ReportState(camera, entry.Machine, before, evaluation.Event);
            if (evaluation.PublishesState || evaluation.PublishesAnswer)
            {
                updates.Add(new QuestionUpdate(camera, question, entry.Machine.Current, entry.Last, false, evaluation));
            }
        }

        if (updates.Count == 0)
        {
            _unsent.RemoveAt(_unsent.Count - 1);
        }
    }

    private QuestionUpdate Apply(CameraId camera, Entry entry, FrameAnswered frameOnly, QuestionAnswered answer, Instant captured)
    {
        var question = entry.Machine.Question;
        var parsed = AnswerHandler.Of(answer.Question.Kind).Parse(
            answer.Question, answer.Parts, _states.ThresholdsOf(camera, question, frameOnly.CapturedAt));

        // From here on it counts.
        entry.LastEvaluated = answer;
        var before = entry.Machine.Current;
        entry.Machine.IsMuted = _states.MutesEvents(camera, question.Id);
        var evaluation = entry.Machine.Apply(parsed, captured);
        ReportState(camera, entry.Machine, before, evaluation.Event);
        entry.Last = new LastAnswer(frameOnly, answer, parsed);
        if (entry.Drift.Add(answer, captured.Monotonic, frameOnly.CapturedTimestamp))
        {
            ReportDrift(camera, question.Id, entry.Drift);
        }

        if (!parsed.IsFailure)
        {
            entry.MissingAnswer.Answered(captured.Monotonic);
        }

        _states.Set(camera, question.Id, entry.Machine.Current);
        return new QuestionUpdate(camera, question, entry.Machine.Current, entry.Last, true, evaluation);
    }

    private void NotEvaluated(CameraId camera, QuestionAnswered answer, Exception fault)
    {
        var counted = _counters[camera].Question(answer.Question.Id);
        counted.Update(stats => stats.Failed++);
        counted.LastFailureReason = UnknownReason.ModelFailed;
        counted.LastFailure.Set(_time.GetTimestamp());
        LogNotEvaluated(fault, camera, answer.Question.Id);
    }

    /// <summary>Logs one line for each change. A question that is unanswered for a reason that nobody configured gets a
    /// separate warning.</summary>
    private void ReportState(CameraId camera, QuestionStateMachine machine, QuestionState before, StateChange? change)
    {
        var now = machine.Current;
        if (now.State == before.State && change is null || now.Reason is { } reason && reason.NeedsAttention())
        {
            return;
        }

        // Descriptions differ each time; only their events are logged.
        var level = change is null && AnswerHandler.Of(machine.Question.Kind).IsFreeText ? LogLevel.Debug : LogLevel.Information;
        string[] details =
        [
            .. now.Reason is { } unknown ? (string[])[unknown.ToSentence()] : [],
            .. now is { Value: not null, Score: { } score } ? (string[])[string.Create(CultureInfo.InvariantCulture, $"score {score:0.000}")] : [],
            .. change is null ? [] : (string[])["event"],
        ];
        LogState(
            level, camera, machine.Question.Id, change?.From ?? before.State, now.State, details.Length > 0 ? $" ({string.Join(", ", details)})" : "");
    }

    private void ReportWait(CameraId camera, string question, Entry entry)
    {
        if (entry.MissingAnswer.Reason is { } wait && wait.NeedsAttention())
        {
            entry.IsInTrouble = true;
            LogNoAnswer(camera, question, wait.ToSentence());
        }
        else if (entry.MissingAnswer.Reason is { } deliberate && deliberate.IsDeliberate())
        {
            var reason = deliberate.ToSentence();
            LogNotAsked(camera, question, reason);
        }
        else if (entry.MissingAnswer.Reason is null && entry.IsInTrouble)
        {
            entry.IsInTrouble = false;
            LogAnswersAgain(camera, question);
        }
    }

    private void ReportDrift(CameraId camera, string question, TaughtDrift drift)
    {
        if (drift.HasDrifted)
        {
            LogDrifted(camera, question, drift.Share);
        }
        else
        {
            LogNoLongerDrifted(camera, question);
        }
    }

    private Entry AddEntry(CameraId camera, StandingQuestion question)
    {
        var now = Now();
        var counters = _counters[camera];
        return new Entry(
            new QuestionStateMachine(question, _saved.GetValueOrDefault($"{camera}/{question.Id}"), now),
            new MissingAnswerMonitor(counters, counters.Question(question.Id), now, Steady, _hasEngine),
            new TaughtDrift(counters.Question(question.Id)));
    }

    private Instant Now() => new(Steady(_time.GetTimestamp()), _time.GetUtcNow());

    private TimeSpan Steady(long timestamp) => _time.GetElapsedTime(0, timestamp);

    [LoggerMessage(EventId = 82, Level = LogLevel.Error, Message =
        "{Camera}/{Question}: the answer could not be evaluated and counts as none; other questions are not affected.")]
    private partial void LogNotEvaluated(Exception fault, CameraId camera, string question);

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Camera}/{Question}: no answer, because {Reason}. The state is unknown.")]
    private partial void LogNoAnswer(CameraId camera, string question, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera}/{Question}: not asked, because {Reason}.")]
    private partial void LogNotAsked(CameraId camera, string question, string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "{Camera}/{Question}: answered again.")]
    private partial void LogAnswersAgain(CameraId camera, string question);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message =
        "{Camera}/{Question}: {Share:0 %} of the pictures of the last hours are unlike all from which it was taught, for example in their light, or because the camera was moved. Its answers may be wrong. Label some of these pictures and teach it again.")]
    private partial void LogDrifted(CameraId camera, string question, double share);

    [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "{Camera}/{Question}: the pictures are like those from which it was taught again.")]
    private partial void LogNoLongerDrifted(CameraId camera, string question);

    [LoggerMessage(EventId = 3, Message = "{Camera}/{Question}: {From} -> {To}{Details}")]
    private partial void LogState(LogLevel level, CameraId camera, string question, string from, string to, string details);

    private sealed class Entry(QuestionStateMachine machine, MissingAnswerMonitor silence, TaughtDrift drift)
    {
        public TaughtDrift Drift => drift;

        public QuestionStateMachine Machine => machine;

        public MissingAnswerMonitor MissingAnswer => silence;

        public LastAnswer? Last { get; set; }

        /// <summary>The answer that was evaluated last.</summary>
        public QuestionAnswered? LastEvaluated { get; set; }

        public bool IsInTrouble { get; set; }
    }
}
