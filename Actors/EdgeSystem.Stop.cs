using Akka.Actor;
using MobileVlm.Edge.Actors.Inbox;

namespace MobileVlm.Edge.Actors;

/// <content>The end, step by step.</content>
public sealed partial class EdgeSystem
{
    private async Task StopInOrderAsync(CancellationToken hurry)
    {
        // The caller holds a lock.
        await Task.Yield();
        if (_system is { } system)
        {
            await StopActorsAsync(system, hurry);
        }

        await _parts.Link.DisposeAsync();
        await _parts.Outbox.DisposeAsync();
        _reports.Started.TrySetCanceled(CancellationToken.None);
        _completion.TrySetResult(new EdgeOutcome(EdgeOutcomeKind.Stopped, "It was asked to stop."));
    }

    private async Task StopActorsAsync(ActorSystem system, CancellationToken hurry)
    {
        var within = _settings.Pipeline.StopWithin;
        using var patience = new CancellationTokenSource(within / 2, _time);
        // The last quarter is kept for 'stopped', whatever an answer does, and half of that for the sessions.
        using var drainLimit = new CancellationTokenSource(within * 0.75, _time);
        using var sayLimit = new CancellationTokenSource(within * 0.875, _time);
        using var limit = new CancellationTokenSource(within, _time);
        using var impatient = patience.Token.Register(_cancelAnswers.Cancel);
        using var hurried = hurry.Register(_cancelAnswers.Cancel);

        foreach (var lane in _lanes.Now)
        {
            lane.Close();
        }

        _pictures.Close();

        // In a hurry or not, every step is taken; each ends by its own limit.
        var crew = await _supervisor.Ask<EdgeCrew>(CallCrew.Instance, CancellationToken.None);
        var cameras = Task.WhenAll(crew.Cameras.Select(camera => EndAsync(camera, StopCamera.Instance)));
        if (_reports.Started.Task.IsCompletedSuccessfully)
        {
            await InTimeAsync("answers in progress", _reports.Drained.Task, drainLimit.Token);
        }

        await InTimeAsync("cameras", cameras, drainLimit.Token);
        await InTimeAsync("answers to judge", EndAsync(crew.Judge, PoisonPill.Instance), sayLimit.Token);
        await InTimeAsync("questions", EndAsync(crew.Inbox, StopListening.Instance), sayLimit.Token);
        await InTimeAsync("statistics", EndAsync(crew.Stats, PoisonPill.Instance), sayLimit.Token);
        await InTimeAsync("broker", EndAsync(crew.Publisher, StopPublishing.Instance), sayLimit.Token);
        await InTimeAsync("engine", EndAsync(crew.Pipeline, CloseEngine.Instance), limit.Token);
        await system.Terminate();
    }

    // Waits for ever; how long is a matter of the step.
    private static Task<bool> EndAsync(IActorRef actor, object message) =>
        actor.GracefulStop(TimeSpan.FromDays(1), message);

    private async Task InTimeAsync(string step, Task work, CancellationToken limit)
    {
        try
        {
            await work.WaitAsync(limit);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            LogLate(step, _settings.Pipeline.StopWithin);
        }
    }
}
