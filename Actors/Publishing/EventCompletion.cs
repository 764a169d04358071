using System.Text.Json;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Completes an event from the outbox with what is known only when it is sent.</summary>
internal static class EventCompletion
{
    /// <summary>An event that waited longer is historical, whether there was a connection or not.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(10);

    /// <summary>Reads an event of the outbox.</summary>
    /// <returns>Null if another version wrote it in a form that this one does not know.</returns>
    public static EventPayload? Read(WaitingEvent waiting)
    {
        try
        {
            return MqttJson.ReadEvent(waiting.Event.Payload.Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the event as it is to be sent now.</summary>
    /// <param name="happened">The event as it was stored.</param>
    /// <param name="waiting">How it waited.</param>
    /// <param name="isLate">It is historical.</param>
    /// <param name="clock">Corrects times that were read before the clock was set.</param>
    public static EventPayload Complete(EventPayload happened, WaitingEvent waiting, bool isLate, ClockMonitor clock)
    {
        return happened with
        {
            Historical = happened.Historical || isLate,
            LostBefore = waiting.LostBefore,
            At = Time(happened.At),
            Since = Time(happened.Since),
            Clock = Time(happened.At) is null ? ClockText.Unset : null,
        };

        // The run that stored it ended before the clock was set, so its time can no longer be found.
        DateTimeOffset? Time(DateTimeOffset? read) =>
            read is { } moment && PlausibleTime.Includes(moment) ? moment
            : waiting.WaitedFor is not null ? clock.Correct(read)
            : null;
    }
}
