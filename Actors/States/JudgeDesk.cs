using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The judges of all questions: gives each its readings and its time, and says what is new. Outlives the actor
/// that works at it. One caller at a time.</summary>
internal sealed partial class JudgeDesk
{
    private readonly QuestionBoard _board;
    private readonly EdgeCounters _counters;
    private readonly ClockMonitor _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IReadOnlyDictionary<string, SavedStanding> _saved;
    private readonly OrderedDictionary<(CameraId Camera, string Question), Seat> _seats = [];
    private readonly List<AnswersJudged> _unsent = [];

    /// <param name="board">Gets what is held true.</param>
    /// <param name="counters">Say why a question has no answer, and are told.</param>
    /// <param name="saved">Of the last run, by camera and question (<c>gate/person</c>).</param>
    /// <param name="clock">Looked at with each <see cref="Look"/>.</param>
    /// <param name="time">Both clocks.</param>
    /// <param name="logger">Hears of a question that has no answer, once.</param>
    public JudgeDesk(
        QuestionBoard board,
        EdgeCounters counters,
        IReadOnlyDictionary<string, SavedStanding> saved,
        ClockMonitor clock,
        TimeProvider time,
        ILogger<JudgeDesk> logger)
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
    public IReadOnlyDictionary<string, SavedStanding> Saved => _seats.ToDictionary(
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
                seat = Sit(plan.Id, question);
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
    public IReadOnlyList<AnswersJudged> TakeUnsent()
    {
        AnswersJudged[] unsent = [.. _unsent];
        _unsent.Clear();
        return unsent;
    }

    /// <summary>A frame was answered. An answer that was handled in an earlier attempt that failed is not handled
    /// twice.</summary>
    public void Hear(FrameAnswered frame)
    {
        var captured = new Moment(Steady(frame.CapturedTimestamp), frame.CapturedAt);
        var still = frame with { Snapshot = null };
        var news = new List<QuestionNews>();
        _unsent.Add(new AnswersJudged(frame, news));
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
                    news.Add(Hear(frame.Camera, seat, still, answer, captured));
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
    public void Look()
    {
        if (_clock.Observe())
        {
            foreach (var seat in _seats.Values)
            {
                seat.Judge.CorrectTimes(_clock);
            }
        }

        var now = Now();
        var news = new List<QuestionNews>();
        _unsent.Add(new AnswersJudged(null, news));
        foreach (var ((camera, id), seat) in _seats)
        {
            var question = seat.Judge.Question;
            if (seat.Watch.Look(_board.GateOf(camera, question), seat.Judge.Patience, now))
            {
                SayWait(camera, id, seat);
            }

            var before = seat.Judge.Standing;
            var verdict = seat.Judge.Look(seat.Watch.Wait, now);
            _board.Post(camera, id, seat.Judge.Standing);
            SayState(camera, seat.Judge, before, verdict.Event);
            if (verdict.SayState || verdict.SayAnswer)
            {
                news.Add(new QuestionNews(camera, question, seat.Judge.Standing, seat.Last, false, verdict));
            }
        }

        if (news.Count == 0)
        {
            _unsent.RemoveAt(_unsent.Count - 1);
        }
    }

    private QuestionNews Hear(CameraId camera, Seat seat, FrameAnswered still, QuestionAnswered answer, Moment captured)
    {
        var question = seat.Judge.Question;
        var reading = AnswerReader.Read(
            answer.Question, answer.Parts, _board.ThresholdsOf(camera, question, still.CapturedAt));

        // From here on it counts.
        seat.Heard = answer;
        var before = seat.Judge.Standing;
        var verdict = seat.Judge.Hear(reading, captured);
        SayState(camera, seat.Judge, before, verdict.Event);
        seat.Last = new AnsweredPicture(still, answer, reading);
        if (!reading.IsFailure)
        {
            seat.Watch.Heard(captured.Steady);
        }

        _board.Post(camera, question.Id, seat.Judge.Standing);
        return new QuestionNews(camera, question, seat.Judge.Standing, seat.Last, true, verdict);
    }

    private void NotEvaluated(CameraId camera, QuestionAnswered answer, Exception fault)
    {
        var counted = _counters[camera].Question(answer.Question.Id);
        counted.Failed.Increment();
        counted.LastFailureReason = UnknownReason.ModelFailed;
        counted.LastFailure.Set(_time.GetTimestamp());
        LogNotEvaluated(fault, camera, answer.Question.Id);
    }

    /// <summary>One line for each change. A question that is unanswered for a reason that nobody configured gets a warning
    /// of its own.</summary>
    private void SayState(CameraId camera, QuestionJudge judge, Standing before, StateChange? told)
    {
        var now = judge.Standing;
        if (now.State == before.State && told is null || now.Reason is { } reason && reason.IsTrouble())
        {
            return;
        }

        // Descriptions differ each time; only their events are logged.
        var level = told is null && judge.Question.Kind is QuestionKind.Text or QuestionKind.Json ? LogLevel.Debug : LogLevel.Information;
        string[] details =
        [
            .. now.Reason is { } unknown ? (string[])[unknown.ToSentence()] : [],
            .. now is { Value: not null, Score: { } score } ? (string[])[string.Create(CultureInfo.InvariantCulture, $"score {score:0.000}")] : [],
            .. told is null ? [] : (string[])["event"],
        ];
        LogState(
            level, camera, judge.Question.Id, told?.From ?? before.State, now.State, details.Length > 0 ? $" ({string.Join(", ", details)})" : "");
    }

    private void SayWait(CameraId camera, string question, Seat seat)
    {
        if (seat.Watch.Wait is { } wait && wait.IsTrouble())
        {
            seat.IsInTrouble = true;
            LogNoAnswer(camera, question, wait.ToSentence());
        }
        else if (seat.Watch.Wait is { } meant && meant.IsMeant())
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

    private Seat Sit(CameraId camera, StandingQuestion question)
    {
        var now = Now();
        var counters = _counters[camera];
        return new Seat(
            new QuestionJudge(question, _saved.GetValueOrDefault($"{camera}/{question.Id}"), now),
            new QuestionWatch(counters, counters.Question(question.Id), now, Steady));
    }

    private Moment Now() => new(Steady(_time.GetTimestamp()), _time.GetUtcNow());

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

    private sealed class Seat(QuestionJudge judge, QuestionWatch watch)
    {
        public QuestionJudge Judge => judge;

        public QuestionWatch Watch => watch;

        public AnsweredPicture? Last { get; set; }

        /// <summary>The answer that was evaluated last.</summary>
        public QuestionAnswered? Heard { get; set; }

        public bool IsInTrouble { get; set; }
    }
}
