using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Composes messages one by one: one that cannot be composed is counted and logged, and the others are
/// published.</summary>
internal sealed class SafeComposer(MqttCounters counters, PublisherLog log)
{
    /// <summary>Tries twice, then the alternative once. Never throws.</summary>
    /// <param name="compose">Composes the message and takes it. What it does may be done twice.</param>
    /// <param name="otherwise">What is done instead; null does nothing.</param>
    public void Compose(Action compose, Action? otherwise = null)
    {
        Action[] attempts = otherwise is null ? [compose, compose] : [compose, compose, otherwise];
        foreach (var attempt in attempts)
        {
            try
            {
                attempt();
                return;
            }
            catch (Exception fault)
            {
                counters.Update(mqtt => mqtt.Failed++);
                log.NotComposed(fault);
            }
        }
    }

    /// <summary>The answers and states of a frame.</summary>
    public IReadOnlyList<OutboundMessage> Answers(MessageFactory messages, StateUpdates updates)
    {
        var composed = new List<OutboundMessage>();
        foreach (var answer in messages.Answers(updates))
        {
            Compose(
                () => composed.Add(answer.Compose()),
                answer.WithoutValue is { } without ? () => composed.Add(without()) : null);
        }

        return composed;
    }
}
