using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>The judges of all questions: gives each its readings and its time, and says what is new. Outlives the actor
/// that works at it. One caller at a time.</summary>
internal sealed partial class JudgeDesk
{
    private readonly QuestionBoard _board;
    private readonly EdgeCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IReadOnlyDictionary<string, SavedStanding> _saved;
    private readonly OrderedDictionary<(CameraId Camera, string Question), Seat> _seats = [];

    /// <param name="board">Gets what is held true.</param>
    /// <param name="counters">Say why a question has no answer, and are told.</param>
    /// <param name="saved">Of the last run, by camera and question (<c>gate/person</c>).</param>
    /// <param name="time">Both clocks.</param>
    /// <param name="logger">Hears of a question that has no answer, once.</param>
    public JudgeDesk(
        QuestionBoard board,
        EdgeCounters counters,
        IReadOnlyDictionary<string, SavedStanding> saved,
        TimeProvider time,
        ILogger<JudgeDesk> logger)
    {
        _board = board;
        _counters = counters;
        _saved = saved;
        _time = time;
        _logger = logger;
    }

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

    /// <summary>A frame was answered.</summary>
    public IReadOnlyList<QuestionNews> Hear(FrameAnswered frame)
    {
        var captured = new Moment(Steady(frame.CapturedTimestamp), frame.CapturedAt);
        var still = frame with { Snapshot = null };
        var news = new List<QuestionNews>();
        foreach (var answer in frame.Answers)
        {
            // A frame that was on its way when the configuration changed may answer what nobody asks any more.
            if (_seats.TryGetValue((frame.Camera, answer.Question.Id), out var seat)
                && seat.Judge.Question.Kind == answer.Question.Kind)
            {
                var question = seat.Judge.Question;
                var reading = AnswerReader.Read(
                    answer.Question, answer.Parts, _board.ThresholdsOf(frame.Camera, question, frame.CapturedAt));
                var verdict = seat.Judge.Hear(reading, captured);
                seat.Last = new AnsweredPicture(still, answer, reading);
                seat.Watch.Heard(captured.Steady);
                _board.Post(frame.Camera, question.Id, seat.Judge.Standing);
                news.Add(new QuestionNews(frame.Camera, question, seat.Judge.Standing, seat.Last, true, verdict));
            }
        }

        return news;
    }

    /// <summary>Time passed.</summary>
    public IReadOnlyList<QuestionNews> Look()
    {
        var now = Now();
        var news = new List<QuestionNews>();
        foreach (var ((camera, id), seat) in _seats)
        {
            var question = seat.Judge.Question;
            if (seat.Watch.Look(_board.GateOf(camera, question), seat.Judge.Patience, now))
            {
                SayWait(camera, id, seat);
            }

            var verdict = seat.Judge.Look(seat.Watch.Wait, now);
            _board.Post(camera, id, seat.Judge.Standing);
            if (verdict.SayState || verdict.SayAnswer)
            {
                news.Add(new QuestionNews(camera, question, seat.Judge.Standing, seat.Last, false, verdict));
            }
        }

        return news;
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
            LogNotAsked(camera, question, meant);
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
            new QuestionWatch(counters, counters.Question(question.Id), now));
    }

    private Moment Now() => new(Steady(_time.GetTimestamp()), _time.GetUtcNow());

    private TimeSpan Steady(long timestamp) => _time.GetElapsedTime(0, timestamp);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Camera}/{Question}: no answer: {Reason}.")]
    private partial void LogNoAnswer(CameraId camera, string question, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Camera}/{Question}: not asked: {Reason}.")]
    private partial void LogNotAsked(CameraId camera, string question, UnknownReason reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Camera}/{Question}: answered again.")]
    private partial void LogAnswersAgain(CameraId camera, string question);

    private sealed class Seat(QuestionJudge judge, QuestionWatch watch)
    {
        public QuestionJudge Judge => judge;

        public QuestionWatch Watch => watch;

        public AnsweredPicture? Last { get; set; }

        public bool IsInTrouble { get; set; }
    }
}
