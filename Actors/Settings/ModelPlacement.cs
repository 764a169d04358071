using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>The devices on which the model's sessions run, for the statistics.</summary>
/// <param name="Target">The value of <see cref="StatsPayload.Target"/>; null before the sessions are open.</param>
/// <param name="Sessions">The value of <see cref="StatsPayload.Sessions"/>.</param>
public sealed record ModelPlacement(string? Target, IReadOnlyDictionary<string, SessionStats> Sessions)
{
    /// <summary>Before the sessions are open.</summary>
    public static ModelPlacement Unknown { get; } = new(null, new Dictionary<string, SessionStats>());
}
