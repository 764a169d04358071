using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The judges of all questions: gives each its readings and its time, and says what is new. Outlives the actor
/// that works at it. One caller at a time.</summary>
internal sealed partial class QuestionEvaluators
{
    private readonly QuestionStates _board;
    private readonly EdgeCounters _counters;
    private readonly ClockMonitor _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IReadOnlyDictionary<string, SavedQuestionState> _saved;
    private readonly OrderedDictionary<(CameraId Camera, string Question), Entry> _seats = [];
    private readonly List<FrameEvaluated> _unsent = [];

    /// <param name="board">Gets what is held true.</param>
    /// <param name="counters">Say why a question has no answer, and are told.</param>
    /// <param name="saved">Of the last run, by camera and question (<c>gate/person</c>).</param>
    /// <param name="clock">Looked at with each <see cref="Tick"/>.</param>
    /// <param name="time">Both clocks.</param>
    /// <param name="logger">Hears of a question that has no answer, once.</param>
    public QuestionEvaluators(
        QuestionStates board,
        EdgeCounters counters,
        IReadOnlyDictionary<string, SavedQuestionState> saved,
        ClockMonitor clock,
        TimeProvider time,
        ILogger<QuestionEvaluators> logger)
    {
        _board = board;
        _counters = counters;
        _saved = saved;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>The actor that uses this object.</summary>
    public RestartMemory Memory { get; } = new();

    /// <summary>The timer for the next check; it outlives restarts of the actor.</summary>
    public ITimer? Ticks { get; set; }

    /// <summary>What must survive a restart.</summary>
    public IReadOnlyDictionary<string, SavedQuestionState> Saved => _seats.ToDictionary(
        seat => $"{seat.Key.Camera}/{seat.Key.Question}", seat => seat.Value.Judge.Saved);

    /// <summary>From now on these are the questions. One that stays keeps what is known of it.</summary>
    public void Configure(IReadOnlyList<CameraPlan> plans)
    {
        var before = _seats.ToDictionary();
        _seats.Clear();
        foreach (var (plan, question) in plans.SelectMany(plan => plan.Questions.Select(question => (plan, question))))
        {
            var key = (plan.Id, question.Id);
            if (before.Remove(key, out var seat))
            {
                seat.Judge.Change(question);
            }
            else
            {
                seat = AddEntry(plan.Id, question);
            }

            _seats.Add(key, seat);
            _board.Post(plan.Id, question.Id, seat.Judge.Standing);
        }

        foreach (var (camera, question) in before.Keys)
        {
            _board.Remove(camera, question);
        }
    }

    /// <summary>What was found since the last call, in its order. Kept here until then, so that an actor which fails in
    /// between loses no event.</summary>
    public IReadOnlyList<FrameEvaluated> TakeUnsent()
    {
        FrameEvaluated[] unsent = [.. _unsent];
        _unsent.Clear();
        return unsent;
    }

    /// <summary>A frame was answered. An answer that was handled in an earlier attempt that failed is not handled
    /// twice.</summary>
    public void Apply(FrameAnswered frame)
    {
        var captured = new Instant(Steady(frame.CapturedTimestamp), frame.CapturedAt);
        var still = frame with { Snapshot = null };
        var news = new List<QuestionUpdate>();
        _unsent.Add(new FrameEvaluated(frame, news));
        if (_board.IsSuspended(frame.Camera))
        {
            // The frame was in flight when the view changed, so it may show something else than the questions are about.
            return;
        }

        foreach (var answer in frame.Answers)
        {
            // A frame that was on its way when the configuration changed may answer what nobody asks any more.
            if (_seats.TryGetValue((frame.Camera, answer.Question.Id), out var seat)
                && seat.Judge.Question.Kind == answer.Question.Kind
                && !ReferenceEquals(seat.Heard, answer))
            {
                try
                {
                    news.Add(Apply(frame.Camera, seat, still, answer, captured));
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
        if (_clock.Observe())
        {
            foreach (var seat in _seats.Values)
            {
                seat.Judge.CorrectTimes(_clock);
            }
        }

        var now = Now();
        var news = new List<QuestionUpdate>();
        _unsent.Add(new FrameEvaluated(null, news));
        foreach (var ((camera, id), seat) in _seats)
        {
            var question = seat.Judge.Question;
            if (seat.Watch.Check(_board.GateOf(camera, question), seat.Judge.Patience, now))
            {
                PublishWaitReason(camera, id, seat);
            }

            var before = seat.Judge.Standing;
            var verdict = seat.Judge.Tick(seat.Watch.Wait, now);
            _board.Post(camera, id, seat.Judge.Standing);
            PublishState(camera, seat.Judge, before, verdict.Event);
            if (verdict.SayState || verdict.SayAnswer)
            {
                news.Add(new QuestionUpdate(camera, question, seat.Judge.Standing, seat.Last, false, verdict));
            }
        }

        if (news.Count == 0)
        {
            _unsent.RemoveAt(_unsent.Count - 1);
        }
    }

    private QuestionUpdate Apply(CameraId camera, Entry seat, FrameAnswered still, QuestionAnswered answer, Instant captured)
    {
        var question = seat.Judge.Question;
        var reading = AnswerHandler.Of(answer.Question.Kind).Parse(
            answer.Question, answer.Parts, _board.ThresholdsOf(camera, question, still.CapturedAt));

        // From here on it counts.
        seat.Heard = answer;
        var before = seat.Judge.Standing;
        var verdict = seat.Judge.Apply(reading, captured);
        PublishState(camera, seat.Judge, before, verdict.Event);
        seat.Last = new LastAnswer(still, answer, reading);
        if (!reading.IsFailure)
        {
            seat.Watch.Answered(captured.Monotonic);
        }

        _board.Post(camera, question.Id, seat.Judge.Standing);
        return new QuestionUpdate(camera, question, seat.Judge.Standing, seat.Last, true, verdict);
    }

    private void NotEvaluated(CameraId camera, QuestionAnswered answer, Exception fault)
    {
        var counted = _counters[camera].Question(answer.Question.Id);
        counted.Update(stats => stats.Failed++);
        counted.LastFailureReason = UnknownReason.ModelFailed;
        counted.LastFailure.Set(_time.GetTimestamp());
        LogNotEvaluated(fault, camera, answer.Question.Id);
    }

    /// <summary>One line for each change. A question that is unanswered for a reason that nobody configured gets a warning
    /// of its own.</summary>
    private void PublishState(CameraId camera, QuestionStateMachine judge, QuestionState before, StateChange? told)
    {
        var now = judge.Standing;
        if (now.State == before.State && told is null || now.Reason is { } reason && reason.NeedsAttention())
        {
            return;
        }

        // Descriptions differ each time; only their events are logged.
        var level = told is null && AnswerHandler.Of(judge.Question.Kind).IsFreeText ? LogLevel.Debug : LogLevel.Information;
        string[] details =
        [
            .. now.Reason is { } unknown ? (string[])[unknown.ToSentence()] : [],
            .. now is { Value: not null, Score: { } score } ? (string[])[string.Create(CultureInfo.InvariantCulture, $"score {score:0.000}")] : [],
            .. told is null ? [] : (string[])["event"],
        ];
        LogState(
            level, camera, judge.Question.Id, told?.From ?? before.State, now.State, details.Length > 0 ? $" ({string.Join(", ", details)})" : "");
    }

    private void PublishWaitReason(CameraId camera, string question, Entry seat)
    {
        if (seat.Watch.Wait is { } wait && wait.NeedsAttention())
        {
            seat.IsInTrouble = true;
            LogNoAnswer(camera, question, wait.ToSentence());
        }
        else if (seat.Watch.Wait is { } meant && meant.IsDeliberate())
        {
            var reason = meant.ToSentence();
            LogNotAsked(camera, question, reason);
        }
        else if (seat.Watch.Wait is null && seat.IsInTrouble)
        {
            seat.IsInTrouble = false;
            LogAnswersAgain(camera, question);
        }
    }

    private Entry AddEntry(CameraId camera, StandingQuestion question)
    {
        var now = Now();
        var counters = _counters[camera];
        return new Entry(
            new QuestionStateMachine(question, _saved.GetValueOrDefault($"{camera}/{question.Id}"), now),
            new SilenceMonitor(counters, counters.Question(question.Id), now, Steady));
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

    [LoggerMessage(EventId = 3, Message = "{Camera}/{Question}: {From} -> {To}{Details}")]
    private partial void LogState(LogLevel level, CameraId camera, string question, string from, string to, string details);

    private sealed class Entry(QuestionStateMachine judge, SilenceMonitor watch)
    {
        public QuestionStateMachine Judge => judge;

        public SilenceMonitor Watch => watch;

        public LastAnswer? Last { get; set; }

        /// <summary>The answer that was evaluated last.</summary>
        public QuestionAnswered? Heard { get; set; }

        public bool IsInTrouble { get; set; }
    }
}
