using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>A message that is published once, in turn with everything else that waits.</summary>
internal sealed record PublishUnretained(OutboundMessage Message)
{
    /// <summary>It is in the queue; handling it again has no effect.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>Whether a question is asked at this moment.</summary>
internal sealed record PublishEnabled(CameraId Camera, string Question);

/// <summary>The latest of each topic is said again, to somebody who has just come.</summary>
internal sealed record PublishAllAgain
{
    public static readonly PublishAllAgain Instance = new();
}

/// <content>What is said beside the answers.</content>
internal sealed partial class PublisherActor
{
    private void ReceiveOthers()
    {
        Receive<PublishUnretained>(say =>
        {
            var dropped = say.IsTaken ? null : _outgoing.Replies.Add(say.Message);
            say.IsTaken = true;
            PublishNext();
            if (dropped is not null)
            {
                Dropped(dropped);
            }
        });
        Receive<PublishEnabled>(say =>
        {
            // The question may have been removed meanwhile.
            if (_state.Plans.Any(plan => plan.Id == say.Camera && plan.Questions.Any(it => it.Id == say.Question)))
            {
                Publish([Enabled(say.Camera, say.Question)]);
            }
        });
        Receive<PublishAllAgain>(_ =>
        {
            _outgoing.Retained.SendAfresh();
            PublishNext();
        });
    }

    private void Dropped(OutboundMessage reply)
    {
        _counters.Update(mqtt => mqtt.Failed++);
        if (_droppedLog.TryPass("", out var suppressed))
        {
            LogReplyDropped(reply.Topic, Publishing.PublisherState.MaxReplies, suppressed);
        }
    }

    private OutboundMessage Enabled(CameraId camera, string question) =>
        _messages.Enabled(camera, question, _switches.IsEnabled(camera, question));
}
