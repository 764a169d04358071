using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace MobileVlm.Edge.Actors.Publishing;

/// <content>The connection: tried for ever, its outages said once.</content>
internal sealed partial class PublisherActor
{
    private void Connect()
    {
        if (_session.State != LinkState.Waiting || _session.Stop != StopPhase.None)
        {
            return;
        }

        _session.Retry?.Dispose();
        _session.Retry = null;
        if (_link.IsConnected)
        {
            // A message was not acknowledged but the connection held, so what the broker knows is still right.
            _session.State = LinkState.Connected;
            _counters.Connected = true;
            Fetch();
            PublishNext();
            return;
        }

        var attempt = new object();
        (_session.State, _session.Connect) = (LinkState.Connecting, attempt);
        Reported(
            () => _link.ConnectAsync(_session.Life),
            outcome => new ConnectEnded(attempt, outcome),
            fault => new ConnectEnded(attempt, new ConnectOutcome(ConnectOutcomeKind.Unreachable, fault)));
    }

    private void ConnectHasEnded(ConnectEnded ended)
    {
        if (_session.State != LinkState.Connecting || !ReferenceEquals(ended.Attempt, _session.Connect))
        {
            return;
        }

        if (ended.Outcome.Kind == ConnectOutcomeKind.Connected)
        {
            Connected();
        }
        else
        {
            NotConnected(ended.Outcome);
        }
    }

    private void Connected()
    {
        // Until the state changes all of this may be done twice. The statistics that the broker kept are of an earlier time,
        // at a start of an earlier run.
        _counters.Connected = true;
        Compose(() => _outgoing.Retained.Set(_messages.Stats(_stats())));
        _outgoing.Connected();
        _session.ConnectedAt = _time.GetTimestamp();
        _session.State = LinkState.Connected;
        _session.Logged = ConnectOutcomeKind.Connected;
        if (_session.WasConnected)
        {
            _counters.Update(mqtt => mqtt.Reconnects++);
        }

        _session.WasConnected = true;
        LogConnected(_link.Description);
        Fetch();
        PublishNext();
    }

    private void NotConnected(ConnectOutcome outcome)
    {
        var somebodyMustMendIt = outcome.Kind != ConnectOutcomeKind.Unreachable;
        var wait = somebodyMustMendIt ? _session.Backoff.Slowly() : _session.Backoff.Next();
        ConnectLater(wait);

        // Said once for each kind of outage, not each time it is tried.
        if (_session.Logged != outcome.Kind)
        {
            _session.Logged = outcome.Kind;
            var level = somebodyMustMendIt ? LogLevel.Error : LogLevel.Warning;
            var reason = LogText.WithoutStop(outcome.Reason);
            LogNoBroker(level, _link.Description, reason, wait.TotalSeconds);
        }
    }

    private void Gone(string reason)
    {
        // The goodbye of an older connection may arrive late, and our own is expected.
        if (_session.IsConnected && !_link.IsConnected && _session.Stop != StopPhase.Goodbye)
        {
            Pause(reason);
        }
    }

    private void Pause(string reason)
    {
        if (_time.GetElapsedTime(_session.ConnectedAt) >= _session.GoodRun)
        {
            _session.Backoff.Reset();
        }

        ConnectLater(_session.Backoff.Next());
        _session.Logged = ConnectOutcomeKind.Unreachable;
        if (_session.Stop == StopPhase.None)
        {
            // During a stop nothing connects again, and the stop's own lines say what was not sent.
            LogLost(_link.Description, LogText.WithoutStop(reason));
        }
    }

    private void ConnectLater(TimeSpan wait)
    {
        _session.State = LinkState.Waiting;
        _counters.Connected = false;
        if (_session.Stop == StopPhase.None)
        {
            _session.Retry?.Dispose();
            _session.Retry = null;
            _session.Retry = _time.SendAfter(Self, wait, TryConnect.Instance);
        }
        else
        {
            Context.Stop(Self);
        }
    }
}
