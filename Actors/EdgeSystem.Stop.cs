using Akka.Actor;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Supervision;

namespace MobileVlm.Edge.Actors;

/// <content>The end, step by step. Each step has a share of <see cref="PipelineSettings.StopWithin"/>; one that hangs is
/// left behind, so that the sum is never exceeded.</content>
public sealed partial class EdgeSystem
{
    private readonly List<string> _leftBehind = [];
    private readonly List<string> _stopSteps = [];

    /// <summary>The names of parts that did not end in time: a native call, a disk or a camera hangs. Such a thread may keep a
    /// process from ending in order.</summary>
    public IReadOnlyList<string> LeftBehind
    {
        get
        {
            lock (_leftBehind)
            {
                return [.. _leftBehind];
            }
        }
    }

    /// <summary>The steps of the stop that are in progress, for tests that make one of them hang.</summary>
    internal IReadOnlyList<string> StopSteps
    {
        get
        {
            lock (_stopSteps)
            {
                return [.. _stopSteps];
            }
        }
    }

    private async Task StopInOrderAsync(CancellationToken hurry)
    {
        // The caller holds a lock.
        await Task.Yield();
        var within = _settings.Pipeline.StopWithin;
        using var limits = new StopLimits(within, _time);
        _teaching.Dispose();
        _pace.Dispose();
        if (_system is not null)
        {
            await StopActorsAsync(limits, hurry);
        }

        // The publisher has handed its last events over.
        await InTimeAsync("webhooks", () => _webhooks.StopAsync(limits.Disconnect), limits.Engine);

        // Done even when a step before failed: an open outbox delays its last writes, an open link delays the will.
        // In parallel, so that a step that hangs takes no time from the others.
        await Task.WhenAll(
            InTimeAsync("engine", CloseEngineAsync, limits.Engine),
            InTimeAsync("uploaded pictures", _surviving.Decoding.EndAsync, limits.Engine),
            InTimeAsync("state file", _surviving.Writer.FlushAsync, limits.Engine),
            InTimeAsync("outbox", () => _dependencies.Outbox.DisposeAsync().AsTask(), limits.Engine),
            InTimeAsync("clips", () => _dependencies.Clips?.DisposeAsync().AsTask() ?? Task.CompletedTask, limits.Engine),
            InTimeAsync("history", () => _dependencies.History?.DisposeAsync().AsTask() ?? Task.CompletedTask, limits.Engine),
            InTimeAsync("outboxes of webhooks", () => _webhooks.DisposeAsync().AsTask(), limits.Engine));
        await InTimeAsync("connection", () => _dependencies.Link.DisposeAsync().AsTask(), limits.Close);
        if (_system is { } system)
        {
            await InTimeAsync("actors", system.Terminate, limits.All);
        }

        if (_leftBehind.Count == 0)
        {
            _surviving.Publisher.Dispose();
            _surviving.Commands.Dispose();
        }

        _signals.Started.TrySetCanceled(CancellationToken.None);
        _completion.TrySetResult(new EdgeOutcome(EdgeOutcomeKind.Stopped, "It was asked to stop."));
    }

    private async Task StopActorsAsync(StopLimits limits, CancellationToken hurry)
    {
        using var impatient = limits.CancelAnswers.Register(_cancelAnswers.Cancel);
        using var hurried = hurry.Register(_cancelAnswers.Cancel);
        foreach (var intake in _intakes.Current)
        {
            intake.Close();
        }

        _intakes.Close();
        _uploads.Close();

        var past = InTimeAsync("try-outs", _past.StopAsync, limits.Answers);

        // In a hurry or not, every step is taken; each ends by its own limit.
        var children = _surviving.Children;
        if (!_signals.SupervisorGone.Task.IsCompleted)
        {
            await InTimeAsync(
                "supervisor", () => _supervisor.Ask<StopBegun>(BeginStop.Instance, CancellationToken.None), limits.Supervisor);
        }

        var cameras = InTimeAsync(
            "cameras", () => Task.WhenAll(children.Cameras.Select(camera => EndAsync(camera, StopCamera.Instance))), limits.Answers);
        if (_signals.Started.Task.IsCompletedSuccessfully)
        {
            await InTimeAsync("answers in progress", () => _signals.Drained.Task, limits.Answers);
        }

        if (_cluster is { } cluster)
        {
            await InTimeAsync("answers for other hosts", cluster.DrainAsync, limits.Answers);
            await InTimeAsync("cluster", () => cluster.DisposeAsync().AsTask(), limits.Remaining);
        }

        await cameras;
        await past;
        await Task.WhenAll(
            InTimeAsync("evaluation", () => EndAsync(children.Evaluation, StopEvaluating.Instance), limits.Remaining),
            StopAdHocAsync(children, limits.Remaining),
            InTimeAsync("statistics", () => EndAsync(children.Stats, PoisonPill.Instance), limits.Remaining));
        await InTimeAsync(
            "broker", () => EndAsync(children.Publisher, new StopPublishing(limits.TimeForRemaining)), limits.Disconnect);

        if (_signals.SupervisorGone.Task.IsCompleted)
        {
            await InTimeAsync("disconnect", () => PublishStoppedAsync(limits.Disconnect), limits.Disconnect);
        }
    }

    private async Task StopAdHocAsync(ChildActors children, CancellationToken limit)
    {
        await InTimeAsync("commands", () => EndAsync(children.Commands, StopCommands.Instance), limit);
        await InTimeAsync("ad-hoc questions", () => EndAsync(children.AdHoc, StopAdHoc.Instance), limit);
    }

    private async Task CloseEngineAsync()
    {
        if (_pipeline is { } pipeline)
        {
            await EndAsync(_surviving.Children.Pipeline, CloseEngine.Instance);
            await pipeline.SessionsGone;
        }
    }

    private Task PublishStoppedAsync(CancellationToken cancel)
    {
        var replies = new AdHocReplies(
            _settings, _dependencies.Topics, camera => _intakes.Current.Any(intake => intake.Configuration.Id.Value == camera), _clock, _time);
        return new DirectDisconnect(
            _dependencies.Link, new MessageFactory(_settings, _dependencies.Topics, _clock), _surviving.Publisher, _surviving.Requests, replies).PublishAsync(cancel);
    }

    // Waits without a limit; the step sets one.
    private static Task<bool> EndAsync(IActorRef actor, object message) =>
        actor.GracefulStop(TimeSpan.FromDays(1), message);

    // On another thread, because a part that blocks instead of returning a task must not hold up the stop either.
    private Task InTimeAsync(string step, Func<Task> work, CancellationToken limit) =>
        InTimeAsync(step, Task.Run(work, CancellationToken.None), limit);

    private async Task InTimeAsync(string step, Task work, CancellationToken limit)
    {
        lock (_stopSteps)
        {
            _stopSteps.Add(step);
        }

        try
        {
            await work.WaitAsync(limit);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            lock (_leftBehind)
            {
                if (!_leftBehind.Contains(step))
                {
                    _leftBehind.Add(step);
                }
            }

            LogLate(step, _settings.Pipeline.StopWithin.TotalSeconds);
        }
        catch (Exception fault)
        {
            LogStepFailed(fault, step);
        }
        finally
        {
            lock (_stopSteps)
            {
                _stopSteps.Remove(step);
            }
        }
    }
}
