using Akka.Actor;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors;

/// <summary>A message that is said once, before whatever else waits.</summary>
internal sealed record SayOnce(OutboundMessage Message);

/// <summary>Whether a question is asked at this moment.</summary>
internal sealed record SayEnabled(CameraId Camera, string Question);

/// <summary>The latest of each topic is said again, to somebody who has just come.</summary>
internal sealed record SayAllAgain
{
    public static readonly SayAllAgain Instance = new();
}

/// <content>What is said beside the answers.</content>
internal sealed partial class MqttActor
{
    // Above every burst of commands that is let through, so that each of them gets its reply.
    private const int MostOnce = 512;

    private readonly OnceQueue _once = new(MostOnce);
    private OutboundMessage? _saidOnce;

    private void ReceiveOthers()
    {
        Receive<SayOnce>(say =>
        {
            if (_once.Add(say.Message))
            {
                _counters.Failed.Increment();
            }

            SayNext();
        });
        Receive<SayEnabled>(say => Say([Enabled(say.Camera, say.Question)]));
        Receive<SayAllAgain>(_ =>
        {
            _latest.SendAfresh();
            SayNext();
        });
    }

    private OutboundMessage? TakeOnce() => _saidOnce = _once.TakeNext();

    private void SendAgain(OutboundMessage message, bool isEvent)
    {
        if (ReferenceEquals(message, _saidOnce))
        {
            _once.AddAgain(message);
        }
        else if (isEvent)
        {
            _events.Lost();
        }
        else
        {
            _latest.SendAgain(message);
        }
    }

    private void OnSwitched(CameraId camera, string question, bool enabled) => _self.Tell(new SayEnabled(camera, question));

    private OutboundMessage Enabled(CameraId camera, string question) =>
        _messages.Enabled(camera, question, _switches.IsEnabled(camera, question));
}
