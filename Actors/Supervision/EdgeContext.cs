using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>Everything the actors are made from, and what outlives them.</summary>
internal sealed record EdgeContext(
    EdgeSettings Settings,
    PipelineContext Pipeline,
    SurvivingState Surviving,
    QuestionStates States,
    ClockMonitor Clock,
    Func<StatsPayload> Snapshot,
    Func<double> Random,
    EdgeSignals Signals)
{
    /// <summary>Whether no other host of the cluster has a frame of this one.</summary>
    public Func<bool> IsRemoteIdle { get; init; } = () => true;

    /// <summary>Labels stored frames.</summary>
    public required LabelService Labels { get; init; }
}

/// <summary>State that outlives the actors, so that a restart of an actor does not lose it.</summary>
internal sealed record SurvivingState(
    ChildActors Children,
    QuestionEvaluators Evaluators,
    QuestionStateStore Store,
    QuestionStateWriter Writer,
    PublisherState Publisher,
    PendingRequests Requests,
    UploadDecodingQueue Decoding,
    CommandReaderState Commands,
    StatsActorState Stats);

/// <summary>The supervisor's reports to the host. Safe to complete twice.</summary>
internal sealed class EdgeSignals
{
    /// <summary>The engine is open; fails if it cannot be opened.</summary>
    public TaskCompletionSource Started { get; } = Signal();

    /// <summary>No frame is in flight any more.</summary>
    public TaskCompletionSource Drained { get; } = Signal();

    /// <summary>The pipeline or an actor has used up its restart budget, or cannot be restarted safely.</summary>
    public TaskCompletionSource<Exception> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The supervisor has ended, and all actors with it.</summary>
    public TaskCompletionSource SupervisorGone { get; } = Signal();

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
