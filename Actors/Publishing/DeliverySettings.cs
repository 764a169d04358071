namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>How surely each kind of message arrives, and whether the broker keeps it. States, answers and availability
/// are always kept, since who comes later must find them; events and replies never, since they are of their moment.</summary>
public sealed record DeliverySettings
{
    /// <summary>Quality of service (0, 1 or 2) of states, answers, availability and discovery.</summary>
    public int StateQos { get; init; } = 1;

    /// <summary>Of snapshots.</summary>
    public int SnapshotQos { get; init; } = 1;

    /// <summary>Of events.</summary>
    public int EventQos { get; init; } = 1;

    /// <summary>Of replies.</summary>
    public int ReplyQos { get; init; } = 1;

    /// <summary>The broker keeps snapshots.</summary>
    public bool RetainSnapshots { get; init; } = true;
}
