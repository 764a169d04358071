using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The cameras and questions from now on.</summary>
/// <param name="Cameras">All of them.</param>
/// <param name="RemovedTopics">Topics of removed cameras and questions, whose retained messages are cleared.</param>
internal sealed record CamerasReconfigured(IReadOnlyList<CameraConfiguration> Cameras, IReadOnlyList<string> RemovedTopics);

/// <summary>Hands the last state to the publisher, which has it written once its events are safe, then stops the
/// actor.</summary>
internal sealed record StopEvaluating
{
    public static readonly StopEvaluating Instance = new();
}

/// <summary>Turns answers into states and events, and notices when answers are missing. Does not access the disk.</summary>
internal sealed partial class EvaluationActor : RestartableActor
{
    /// <summary>Missing answers are noticed this often.</summary>
    internal static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly QuestionEvaluators _evaluators;
    private readonly QuestionStateStore _store;
    private readonly IActorRef _publisher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="evaluators">Set up; lives longer than this actor.</param>
    /// <param name="store">Decides what must survive a restart of the process, and when it is written.</param>
    /// <param name="publisher">Gets <see cref="StateUpdates"/>, and <see cref="PendingSave"/> behind the events in
    /// it.</param>
    /// <param name="time">Paces the ticks.</param>
    /// <param name="logger">Logs messages that were given up.</param>
    public EvaluationActor(
        QuestionEvaluators evaluators, QuestionStateStore store, IActorRef publisher, TimeProvider time, ILogger<EvaluationActor> logger)
        : base(evaluators.MessageRetry)
    {
        _evaluators = evaluators;
        _store = store;
        _publisher = publisher;
        _time = time;
        _logger = logger;
        Receive<FrameAnswered>(Evaluate);
        Receive<CamerasReconfigured>(changed =>
        {
            evaluators.Configure(changed.Cameras);
            publisher.Tell(changed);
        });
        Receive<Tick>(_ => HandleTick());
        Receive<StopEvaluating>(_ => Stop());
    }

    /// <inheritdoc/>
    protected override void Resume()
    {
        Publish();
        _evaluators.Timer ??= _time.SendEvery(Self, TickInterval, Tick.Instance);
    }

    /// <inheritdoc/>
    protected override void GiveUp(object message) => LogGivenUp(message.GetType().Name);

    protected override void PostStop() => _evaluators.Timer?.Dispose();

    private void Evaluate(FrameAnswered frame)
    {
        _evaluators.Apply(frame);
        if (Publish())
        {
            SaveWhatIsDue();
        }
    }

    private void HandleTick()
    {
        _evaluators.Tick();
        Publish();
        SaveWhatIsDue();
    }

    /// <returns>True when an event was among them.</returns>
    private bool Publish()
    {
        var hasEvent = false;
        foreach (var evaluated in _evaluators.TakeUnsent())
        {
            _publisher.Tell(evaluated);
            hasEvent |= evaluated.Updates.Any(it => it.Evaluation.Event is not null);
        }

        return hasEvent;
    }

    private void SaveWhatIsDue()
    {
        if (_store.TakeDueSave(_evaluators.Saved) is { } due)
        {
            _publisher.Tell(due);
        }
    }

    private void Stop()
    {
        Publish();
        if (_store.Last(_evaluators.Saved) is { } last)
        {
            _publisher.Tell(last);
        }

        Context.Stop(Self);
    }

    [LoggerMessage(EventId = 81, Level = LogLevel.Error, Message =
        "The evaluation of answers failed twice at {Message} and ignores it. Please report this with the lines before it.")]
    private partial void LogGivenUp(string message);

    private sealed record Tick
    {
        public static readonly Tick Instance = new();
    }
}
