namespace MobileVlm.Edge.Actors;

/// <content>The end: what is left to say, then <c>stopped</c>, then goodbye.</content>
internal sealed partial class MqttActor
{
    private void Stop()
    {
        _stop = StopPhase.SayTheRest;
        _retry?.Dispose();
        if (_state == LinkState.Waiting)
        {
            Context.Stop(Self);
        }
        else
        {
            // A connect under way is waited for: a short run may end before its first answer was sent.
            SayNext();
        }
    }

    private void StopFurther()
    {
        switch (_stop)
        {
            case StopPhase.SayTheRest:
                _stop = StopPhase.SayStopped;
                Say([.. _cameras.Select(camera => _messages.Camera(camera.Id, online: false)), _messages.Stopped]);
                break;
            case StopPhase.SayStopped:
                _stop = StopPhase.SayGoodbye;
                Reported(SayGoodbyeAsync(), goodbye => goodbye, fault => new NoGoodbye(fault));
                break;
        }
    }

    private async Task<SaidGoodbye> SayGoodbyeAsync()
    {
        await _link.DisconnectAsync(_life.Token);
        return SaidGoodbye.Instance;
    }
}
