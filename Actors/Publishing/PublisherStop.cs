using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The stop of the publisher in three phases: what still waits is sent, then <c>stopped</c>, then the connection is
/// closed in order. Its state is in <see cref="BrokerConnection.Stop"/>. One caller at a time.</summary>
/// <param name="state">What waits, and the connection.</param>
/// <param name="link">Is disconnected last.</param>
/// <param name="messages">Composes the last messages.</param>
/// <param name="composer">Composes the statistics.</param>
/// <param name="stats">The final statistics of the run, which the broker keeps until the next start.</param>
/// <param name="callbacks">Gets the end of each phase.</param>
/// <param name="log">Logs what is left unsent.</param>
internal sealed class PublisherStop(
    PublisherState state,
    IMqttLink link,
    MessageFactory messages,
    SafeComposer composer,
    Func<byte[]> stats,
    PublisherCallbacks callbacks,
    PublisherLog log)
{
    private readonly BrokerConnection _connection = state.Connection;

    /// <summary>Whether nothing can be sent any more, so that the actor may stop.</summary>
    public bool IsOver => _connection is { State: BrokerConnectionState.Waiting, Stop: not StopPhase.None };

    /// <summary>Begins the first phase. A connect under way is waited for: a short run may end before its first answer was
    /// sent.</summary>
    public void Begin(StopPublishing stop)
    {
        if (_connection.Stop == StopPhase.None)
        {
            _connection.RemainingTimer?.Dispose();
            _connection.RemainingTimer = callbacks.SendAfter(stop.SendRemainingWithin, RemainingLimitReached.Instance);
            _connection.ConnectTimer?.Dispose();
            _connection.Stop = StopPhase.SendingRemaining;
        }
    }

    /// <summary>Begins the next phase when nothing is in flight, if a stop has begun and no event is being stored.</summary>
    /// <returns>What to publish before the next call.</returns>
    public IReadOnlyList<OutboundMessage> Advance()
    {
        switch (_connection.Stop)
        {
            case StopPhase.SendingRemaining when !state.Outgoing.Events.IsBusy:
                return Stopped([.. LastStats(), .. CamerasOffline(), messages.Stopped]);
            case StopPhase.SendingStopped:
                _connection.Stop = StopPhase.Disconnecting;
                callbacks.SendResult(DisconnectAsync, ended => ended, fault => new DisconnectEnded(fault));
                return [];
            default:
                // A disconnect in progress is repeated only if an earlier instance failed before it began.
                return [];
        }
    }

    /// <summary>Leaves out the rest, because it would take the time that <c>stopped</c> needs. Events stay in the outbox for the
    /// next start.</summary>
    /// <param name="publish">Gets what to publish now.</param>
    /// <returns>False when there is no connection to publish on: the actor may stop.</returns>
    public bool SkipRemaining(Action<IReadOnlyList<OutboundMessage>> publish)
    {
        if (_connection.Stop != StopPhase.SendingRemaining)
        {
            return true;
        }

        if (!_connection.IsConnected)
        {
            return false;
        }

        var waiting = state.Outgoing.Events.Stats.Rows;
        state.Outgoing.Retained.ClearWaiting();
        publish(Stopped([messages.Stopped, .. CamerasOffline(), .. LastStats()]));
        log.RemainingLeft(waiting, state.Outgoing.OneTime.Count);
        return true;
    }

    private IReadOnlyList<OutboundMessage> Stopped(IReadOnlyList<OutboundMessage> last)
    {
        _connection.Stop = StopPhase.SendingStopped;
        state.Outgoing.OnlyRetained = true;
        return last;
    }

    private IEnumerable<OutboundMessage> CamerasOffline() =>
        state.Cameras.Select(plan => messages.Camera(plan.Id, online: false));

    private List<OutboundMessage> LastStats()
    {
        var last = new List<OutboundMessage>();
        composer.Compose(() => last.Add(messages.Stats(stats())));
        return last;
    }

    private async Task<DisconnectEnded> DisconnectAsync()
    {
        await link.DisconnectAsync(_connection.Life);
        return new DisconnectEnded(null);
    }
}
