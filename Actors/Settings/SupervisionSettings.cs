namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Limits and delays for restarts of failed actors. Counted for each actor on its own.</summary>
public sealed record SupervisionSettings
{
    /// <summary>Restarts that one actor may need before the system fails. Cameras are restarted without end, because one
    /// bad camera must not end the others.</summary>
    public RestartBudget Budget { get; init; } = new(10, TimeSpan.FromMinutes(10));

    /// <summary>Waits between restarts. The first restart after <see cref="ReconnectSettings.GoodRun"/> without a failure
    /// is immediate. Messages wait in the mailbox meanwhile.</summary>
    public ReconnectSettings Backoff { get; init; } = new()
    {
        Min = TimeSpan.FromMilliseconds(100),
        Max = TimeSpan.FromSeconds(10),
        GoodRun = TimeSpan.FromMinutes(1),
    };
}
