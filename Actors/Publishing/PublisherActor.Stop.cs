using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <content>The end: what is left to say, then <c>stopped</c>, then goodbye.</content>
internal sealed partial class PublisherActor
{
    private void Stop(StopPublishing stop)
    {
        if (_session.Stop == StopPhase.None)
        {
            _session.RestLimit?.Dispose();
            _session.RestLimit = _time.SendAfter(Self, stop.RestWithin, RestLimitReached.Instance);
            _session.Retry?.Dispose();
            _session.Stop = StopPhase.Rest;
        }

        if (_session.State == LinkState.Waiting)
        {
            Context.Stop(Self);
        }
        else
        {
            // A connect under way is waited for: a short run may end before its first answer was sent.
            PublishNext();
        }
    }

    private void StopFurther()
    {
        switch (_session.Stop)
        {
            case StopPhase.Rest:
                PublishStopped([.. LastStats(), .. CamerasOffline(), _messages.Stopped]);
                break;
            case StopPhase.Stopped:
                _session.Stop = StopPhase.Goodbye;
                Reported(PublishStoppedAsync, goodbye => goodbye, fault => new NoGoodbye(fault));
                break;
            case StopPhase.Goodbye:
                // In progress; repeated only if an earlier instance failed before it began.
                break;
        }
    }

    // Sending the rest would take the time that 'stopped' needs. Events stay in the outbox for the next start.
    private void PublishStoppedNow()
    {
        if (_session.Stop != StopPhase.Rest)
        {
            return;
        }

        if (!_session.IsConnected)
        {
            Context.Stop(Self);
            return;
        }

        var waiting = _outgoing.Events.Stats.Rows;
        _outgoing.Retained.ClearWaiting();
        PublishStopped([_messages.Stopped, .. CamerasOffline(), .. LastStats()]);
        LogRestLeft(waiting, _outgoing.Replies.Count);
    }

    private void PublishStopped(IEnumerable<OutboundMessage> last)
    {
        _session.Stop = StopPhase.Stopped;
        _outgoing.OnlyRetained = true;
        Publish(last);
    }

    private IEnumerable<OutboundMessage> CamerasOffline() =>
        _state.Plans.Select(plan => _messages.Camera(plan.Id, online: false));

    // The final statistics of the run; they stay at the broker until the next start.
    private List<OutboundMessage> LastStats()
    {
        var last = new List<OutboundMessage>();
        Compose(() => last.Add(_messages.Stats(_stats())));
        return last;
    }

    private async Task<GoodbyeSent> PublishStoppedAsync()
    {
        await _link.DisconnectAsync(_session.Life);
        return GoodbyeSent.Instance;
    }
}
