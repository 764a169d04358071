using Akka.Actor;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors;

/// <summary>From now on these cameras and questions are watched.</summary>
/// <param name="Plans">All of them.</param>
/// <param name="Gone">Topics of what there is no more, which brokers are to forget.</param>
internal sealed record PlansChanged(IReadOnlyList<CameraPlan> Plans, IReadOnlyList<string> Gone);

/// <summary>Makes states and events of answers, and notices when answers stay away.</summary>
internal sealed class JudgeActor : ReceiveActor
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly JudgeDesk _desk;
    private readonly QuestionKeeper _keeper;
    private readonly IActorRef _publisher;
    private readonly TimeProvider _time;
    private ITimer? _timer;

    /// <param name="desk">Set up; lives longer than this actor.</param>
    /// <param name="keeper">Told what must survive a restart.</param>
    /// <param name="publisher">Gets <see cref="AnswersJudged"/> and <see cref="DueState"/>, which it sends back once the events
    /// before it are safe.</param>
    /// <param name="time">Paces the looks.</param>
    public JudgeActor(JudgeDesk desk, QuestionKeeper keeper, IActorRef publisher, TimeProvider time)
    {
        _desk = desk;
        _keeper = keeper;
        _publisher = publisher;
        _time = time;
        Receive<FrameAnswered>(Hear);
        Receive<PlansChanged>(changed =>
        {
            desk.Configure(changed.Plans);
            publisher.Tell(changed);
        });
        Receive<Tick>(_ => Look());
        Receive<DueState>(keeper.Keep);
    }

    protected override void PreStart() => _timer = _time.TellEvery(Self, LookEvery, Tick.Instance);

    protected override void PostStop()
    {
        _timer?.Dispose();
        _keeper.KeepLast(_desk.Saved);
    }

    private void Hear(FrameAnswered frame)
    {
        var news = _desk.Hear(frame);
        _publisher.Tell(new AnswersJudged(frame, news));
        if (news.Any(it => it.Verdict.Event is not null))
        {
            KeepWhatIsDue();
        }
    }

    private void Look()
    {
        if (_desk.Look() is { Count: > 0 } news)
        {
            _publisher.Tell(new AnswersJudged(null, news));
        }

        KeepWhatIsDue();
    }

    private void KeepWhatIsDue()
    {
        if (_keeper.Due(_desk.Saved) is { } due)
        {
            _publisher.Tell(due);
        }
    }

    private sealed record Tick
    {
        public static readonly Tick Instance = new();
    }
}
