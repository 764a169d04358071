using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Connects to the broker and connects again after each loss, without end; logs each outage once. Its state is in
/// <see cref="BrokerConnection"/>. One caller at a time.</summary>
internal sealed class BrokerConnector(
    BrokerConnection session, IMqttLink link, PublisherCallbacks mailbox, MqttCounters counters, TimeProvider time, PublisherLog log)
{
    /// <summary>Begins an attempt, unless there is a connection, an attempt or a stop already.</summary>
    /// <returns>True when the link turned out to be connected.</returns>
    public bool Connect()
    {
        if (session.State != BrokerConnectionState.Waiting || session.Stop != StopPhase.None)
        {
            return false;
        }

        session.ConnectTimer?.Dispose();
        session.ConnectTimer = null;
        if (link.IsConnected)
        {
            // A message was not acknowledged but the connection held, so what the broker knows is still right.
            session.State = BrokerConnectionState.Connected;
            counters.Connected = true;
            return true;
        }

        var attempt = new object();
        (session.State, session.ConnectAttempt) = (BrokerConnectionState.Connecting, attempt);
        mailbox.SendResult(
            () => link.ConnectAsync(session.Life),
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
        if (session.State != BrokerConnectionState.Connecting || !ReferenceEquals(ended.Attempt, session.ConnectAttempt))
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
        session.ConnectedAt = time.GetTimestamp();
        session.State = BrokerConnectionState.Connected;
        session.LastLoggedOutcome = ConnectOutcomeKind.Connected;
        if (session.WasConnected)
        {
            counters.Update(mqtt => mqtt.Reconnects++);
        }

        session.WasConnected = true;
        log.Connected(link.Description);
        return true;
    }

    /// <summary>The link reported that its connection ended.</summary>
    public void Disconnected(string reason)
    {
        // The end of an older connection may be reported late, and our own is expected.
        if (session.IsConnected && !link.IsConnected && session.Stop != StopPhase.Disconnecting)
        {
            Lost(reason);
        }
    }

    /// <summary>The connection is of no use any more; the next attempt follows after the back-off.</summary>
    public void Lost(string reason)
    {
        if (time.GetElapsedTime(session.ConnectedAt) >= session.GoodRun)
        {
            session.Backoff.Reset();
        }

        ConnectLater(session.Backoff.Next());
        session.LastLoggedOutcome = ConnectOutcomeKind.Unreachable;
        if (session.Stop == StopPhase.None)
        {
            // During a stop nothing connects again, and the stop logs what was not sent.
            log.Lost(link.Description, LogText.WithoutStop(reason));
        }
    }

    private void NotConnected(ConnectOutcome outcome)
    {
        var needsAttention = outcome.Kind != ConnectOutcomeKind.Unreachable;
        var wait = needsAttention ? session.Backoff.NextLongest() : session.Backoff.Next();
        ConnectLater(wait);

        // Logged once for each kind of outage, not at each attempt.
        if (session.LastLoggedOutcome != outcome.Kind)
        {
            session.LastLoggedOutcome = outcome.Kind;
            var reason = LogText.WithoutStop(outcome.Reason);
            log.NoBroker(needsAttention ? LogLevel.Error : LogLevel.Warning, link.Description, reason, wait.TotalSeconds);
        }
    }

    private void ConnectLater(TimeSpan wait)
    {
        session.State = BrokerConnectionState.Waiting;
        counters.Connected = false;
        if (session.Stop == StopPhase.None)
        {
            session.ConnectTimer?.Dispose();
            session.ConnectTimer = null;
            session.ConnectTimer = mailbox.SendAfter(wait, TryConnect.Instance);
        }
    }
}
