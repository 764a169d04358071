using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Connects to the broker and connects again after each loss, without end; logs each outage once. Its state is in
/// <see cref="BrokerConnection"/>. One caller at a time.</summary>
internal sealed class BrokerConnector(
    BrokerConnection connection, IMqttLink link, PublisherCallbacks callbacks, MqttCounters counters, TimeProvider time, PublisherLog log)
{
    /// <summary>Begins an attempt, unless there is a connection, an attempt or a stop already.</summary>
    /// <returns>True when the link turned out to be connected.</returns>
    public bool Connect()
    {
        if (connection.State != BrokerConnectionState.Waiting || connection.Stop != StopPhase.None)
        {
            return false;
        }

        connection.ConnectTimer?.Dispose();
        connection.ConnectTimer = null;
        if (link.IsConnected)
        {
            // A message was not acknowledged but the connection held, so what the broker knows is still right.
            connection.State = BrokerConnectionState.Connected;
            counters.Connected = true;
            return true;
        }

        var attempt = new object();
        (connection.State, connection.ConnectAttempt) = (BrokerConnectionState.Connecting, attempt);
        callbacks.SendResult(
            () => link.ConnectAsync(connection.Life),
            outcome => new ConnectEnded(attempt, outcome),
            fault => new ConnectEnded(attempt, new ConnectOutcome(ConnectOutcomeKind.Unreachable, fault)));
        return false;
    }

    /// <summary>Handles the end of an attempt; one that is not under way any more is ignored.</summary>
    /// <param name="ended">The attempt.</param>
    /// <param name="prepare">Called for a connection, before it counts as one. Called again if this fails half-way.</param>
    /// <returns>True when there is a connection now.</returns>
    public bool ConnectEnded(ConnectEnded ended, Action prepare)
    {
        if (connection.State != BrokerConnectionState.Connecting || !ReferenceEquals(ended.Attempt, connection.ConnectAttempt))
        {
            return false;
        }

        if (ended.Outcome.Kind != ConnectOutcomeKind.Connected)
        {
            NotConnected(ended.Outcome);
            return false;
        }

        // Until the state changes all of this may be done twice.
        counters.Connected = true;
        prepare();
        connection.ConnectedAt = time.GetTimestamp();
        connection.State = BrokerConnectionState.Connected;
        connection.LastLoggedOutcome = ConnectOutcomeKind.Connected;
        if (connection.WasConnected)
        {
            counters.Update(mqtt => mqtt.Reconnects++);
        }

        connection.WasConnected = true;
        if (link is DiscardingLink)
        {
            log.NoBroker();
        }
        else
        {
            log.Connected(link.Description);
        }
        return true;
    }

    /// <summary>The link reported that its connection ended.</summary>
    public void Disconnected(string reason)
    {
        // The end of an older connection may be reported late, and our own is expected.
        if (connection.IsConnected && !link.IsConnected && connection.Stop != StopPhase.Disconnecting)
        {
            Lost(reason);
        }
    }

    /// <summary>The connection is of no use any more; the next attempt follows after the back-off.</summary>
    public void Lost(string reason)
    {
        if (time.GetElapsedTime(connection.ConnectedAt) >= connection.GoodRun)
        {
            connection.Backoff.Reset();
        }

        ConnectLater(connection.Backoff.Next());
        connection.LastLoggedOutcome = ConnectOutcomeKind.Unreachable;
        if (connection.Stop == StopPhase.None)
        {
            // During a stop nothing connects again, and the stop logs what was not sent.
            log.Lost(link.Description, LogText.WithoutStop(reason));
        }
    }

    private void NotConnected(ConnectOutcome outcome)
    {
        var needsAttention = outcome.Kind != ConnectOutcomeKind.Unreachable;
        var wait = needsAttention ? connection.Backoff.NextLongest() : connection.Backoff.Next();
        ConnectLater(wait);

        // Logged once for each kind of outage, not at each attempt.
        if (connection.LastLoggedOutcome != outcome.Kind)
        {
            connection.LastLoggedOutcome = outcome.Kind;
            var reason = LogText.WithoutStop(outcome.Reason);
            log.NoBroker(needsAttention ? LogLevel.Error : LogLevel.Warning, link.Description, reason, wait.TotalSeconds);
        }
    }

    private void ConnectLater(TimeSpan wait)
    {
        connection.State = BrokerConnectionState.Waiting;
        counters.Connected = false;
        if (connection.Stop == StopPhase.None)
        {
            connection.ConnectTimer?.Dispose();
            connection.ConnectTimer = null;
            connection.ConnectTimer = callbacks.SendAfter(wait, TryConnect.Instance);
        }
    }
}
