using System.Globalization;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Describes what is wrong with a watched service, in sentences for its operator.</summary>
/// <param name="topics">The topic filter under which the service publishes.</param>
/// <param name="serviceCommand">The command that starts or checks the service, for the remedies.</param>
/// <param name="silentAfter">A running service publishes its statistics more often than this.</param>
internal sealed class ServiceHealth(string topics, string serviceCommand, TimeSpan silentAfter)
{
    private static readonly TimeSpan RetainedWithin = TimeSpan.FromSeconds(3);

    /// <summary>Finds the most important problem.</summary>
    /// <param name="snapshot">What was received so far.</param>
    /// <param name="connection">What is wrong with the connection to the broker; null while connected.</param>
    /// <param name="connectedAt">When the connection was made; from then on, retained messages and statistics are expected.</param>
    /// <param name="now">The current time.</param>
    /// <returns>The problem; null if there is none.</returns>
    public string? FindProblem(WatchSnapshot snapshot, string? connection, DateTimeOffset connectedAt, DateTimeOffset now) =>
        connection ?? snapshot.Availability switch
        {
            null when now - connectedAt > RetainedWithin =>
                $"Nothing is published under {topics}. The service is not running ({serviceCommand}), or its Node, its BaseTopic or the broker's access rules differ.",
            "stopped" => $"The service is stopped. The values shown are the last that it published. To start it: {serviceCommand}",
            "offline" => $"The service is offline: it ended without stopping, or lost its connection. The values shown are the last that it published. To check: {serviceCommand}",
            "online" when snapshot.LastMessageAt is { } last && Max(last, connectedAt) is var lastHeard && now - lastHeard > silentAfter =>
                string.Create(CultureInfo.InvariantCulture, $"The service has published nothing for {(now - lastHeard).TotalSeconds:0} s."),
            _ => null,
        };

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
