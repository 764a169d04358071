using System.Globalization;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Says what is wrong with a watched service, in sentences for its operator.</summary>
/// <param name="topics">Where the service publishes, as a filter.</param>
/// <param name="service">What was started, for the remedies.</param>
/// <param name="silentAfter">A running service publishes its statistics more often than this.</param>
internal sealed class ServiceHealth(string topics, string service, TimeSpan silentAfter)
{
    private static readonly TimeSpan PatienceForRetained = TimeSpan.FromSeconds(3);

    /// <param name="snapshot">What was received.</param>
    /// <param name="connection">What is wrong with the connection to the broker; null when it is there.</param>
    /// <param name="connectedAt">When the connection was made; nothing that was published before may be missed longer.</param>
    /// <param name="now">This moment.</param>
    /// <returns>Null when nothing is wrong.</returns>
    public string? FindProblem(WatchSnapshot snapshot, string? connection, DateTimeOffset connectedAt, DateTimeOffset now) =>
        connection ?? snapshot.Availability switch
        {
            null when now - connectedAt > PatienceForRetained =>
                $"Nothing is published under {topics}. The service is not running ({service}), or its Node, its BaseTopic or the broker's access rules differ.",
            "stopped" => $"The service is stopped. The values shown are the last that it published. To start it: {service}",
            "offline" => $"The service is offline: it ended without stopping, or lost its connection. The values shown are the last that it published. To check: {service}",
            "online" when snapshot.LastMessageAt is { } last && Max(last, connectedAt) is var heard && now - heard > silentAfter =>
                string.Create(CultureInfo.InvariantCulture, $"The service has published nothing for {(now - heard).TotalSeconds:0} s."),
            _ => null,
        };

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
