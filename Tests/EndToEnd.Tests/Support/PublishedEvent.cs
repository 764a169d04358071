using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>An event of the demo's question about persons, as a subscriber receives it.</summary>
internal sealed record PublishedEvent(string Id, bool Historical, string From, string To, DateTimeOffset At)
{
    public static List<PublishedEvent> Of(MosquittoSub subscriber) =>
        [.. subscriber.Messages.Where(m => m.Topic == "mobilevlm/edge-1/gate/person/event").Select(m =>
        {
            using var body = JsonDocument.Parse(m.Text);
            var root = body.RootElement;
            return new PublishedEvent(
                root.GetProperty("id").GetString()!,
                root.GetProperty("historical").GetBoolean(),
                root.GetProperty("from").GetString()!,
                root.GetProperty("to").GetString()!,
                root.GetProperty("at").GetDateTimeOffset());
        })];
}
