namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Quality of service and retention of each kind of message. States, answers and availability are always retained, because
/// later subscribers need them; events and replies never, because they are about one moment.</summary>
public sealed record DeliverySettings
{
    /// <summary>Quality of service (0, 1 or 2) of states, answers, availability and discovery.</summary>
    public int StateQos { get; init; } = 1;

    /// <summary>Quality of service of snapshots.</summary>
    public int SnapshotQos { get; init; } = 1;

    /// <summary>Quality of service of events.</summary>
    public int EventQos { get; init; } = 1;

    /// <summary>Quality of service of replies.</summary>
    public int ReplyQos { get; init; } = 1;

    /// <summary>Snapshots are retained.</summary>
    public bool RetainSnapshots { get; init; } = true;
}
