using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>A message that is published once, in turn with everything else that waits.</summary>
internal sealed record SayOnce(OutboundMessage Message)
{
    /// <summary>It is in the queue; handling it again has no effect.</summary>
    public bool IsTaken { get; set; }
}

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
    private void ReceiveOthers()
    {
        Receive<SayOnce>(say =>
        {
            var dropped = say.IsTaken ? null : _outgoing.Replies.Add(say.Message);
            say.IsTaken = true;
            SayNext();
            if (dropped is not null)
            {
                Dropped(dropped);
            }
        });
        Receive<SayEnabled>(say =>
        {
            // The question may have been removed meanwhile.
            if (_state.Plans.Any(plan => plan.Id == say.Camera && plan.Questions.Any(it => it.Id == say.Question)))
            {
                Say([Enabled(say.Camera, say.Question)]);
            }
        });
        Receive<SayAllAgain>(_ =>
        {
            _outgoing.Retained.SendAfresh();
            SayNext();
        });
    }

    private void Dropped(OutboundMessage reply)
    {
        _counters.Failed.Increment();
        if (_droppedLog.TryPass("", out var suppressed))
        {
            LogReplyDropped(reply.Topic, Publishing.PublisherState.MaxReplies, suppressed);
        }
    }

    private OutboundMessage Enabled(CameraId camera, string question) =>
        _messages.Enabled(camera, question, _switches.IsEnabled(camera, question));
}
