using MobileVlm.Edge.Connectors.Mqtt;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace MobileVlm.Edge.Actors;

/// <content>The connection: tried for ever, its outages said once.</content>
internal sealed partial class MqttActor
{
    private void Connect()
    {
        if (_state != LinkState.Waiting || _stop != StopPhase.None)
        {
            return;
        }

        if (_link.IsConnected)
        {
            // An acknowledgement was missed but the connection held.
            _state = LinkState.Connected;
            _counters.Connected = true;
            SayNext();
        }
        else
        {
            _state = LinkState.Connecting;
            Reported(_link.ConnectAsync(_life.Token), outcome => new ConnectEnded(outcome),
                fault => new ConnectEnded(new ConnectOutcome(ConnectOutcomeKind.Unreachable, fault)));
        }
    }

    private void Connected(ConnectOutcome outcome)
    {
        if (outcome.Kind != ConnectOutcomeKind.Connected)
        {
            NotConnected(outcome);
            return;
        }

        _state = LinkState.Connected;
        _counters.Connected = true;
        if (_wasConnected)
        {
            _counters.Reconnects.Increment();
        }

        _wasConnected = true;
        _said = ConnectOutcomeKind.Connected;
        _connectedAt = _time.GetTimestamp();
        LogConnected(_link.Description);
        _latest.SendAfresh();
        _events.Connected();
        Fetch();
        _saidAfresh = false;
        SayNext();
    }

    private void NotConnected(ConnectOutcome outcome)
    {
        var somebodyMustMendIt = outcome.Kind != ConnectOutcomeKind.Unreachable;
        // Said once for each kind of outage, not each time it is tried.
        if (_said != outcome.Kind)
        {
            _said = outcome.Kind;
            var level = somebodyMustMendIt ? LogLevel.Error : LogLevel.Warning;
            LogNoBroker(level, _link.Description, outcome.Kind, outcome.Reason);
        }

        ConnectLater(somebodyMustMendIt ? _backoff.Slowly() : _backoff.Next());
    }

    private void Gone(string reason)
    {
        // The goodbye of an older connection may arrive late, and our own is expected.
        if (_state == LinkState.Connected && !_link.IsConnected && _stop != StopPhase.SayGoodbye)
        {
            Pause(reason);
        }
    }

    private void Pause(string reason)
    {
        _said = ConnectOutcomeKind.Unreachable;
        LogLost(_link.Description, reason);
        if (_time.GetElapsedTime(_connectedAt) >= _reconnect.GoodRun)
        {
            _backoff.Reset();
        }

        ConnectLater(_backoff.Next());
    }

    private void ConnectLater(TimeSpan wait)
    {
        _state = LinkState.Waiting;
        _counters.Connected = false;
        if (_stop == StopPhase.None)
        {
            _retry?.Dispose();
            _retry = _time.TellLater(Self, wait, TryConnect.Instance);
        }
        else
        {
            Context.Stop(Self);
        }
    }
}
