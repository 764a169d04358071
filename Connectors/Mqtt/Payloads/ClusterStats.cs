using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>The cluster as this host sees it.</summary>
public sealed record ClusterStats
{
    /// <summary>The name of this host in the cluster, <c>host:port</c>.</summary>
    public required string Listen { get; init; }

    /// <summary>Messages that were ignored, because no member sent them or because they could not be read.</summary>
    [Counter("mobilevlm.cluster.ignored", "Messages of other hosts that were ignored.")]
    public long Ignored { get; init; }

    /// <summary>The other hosts by name, <c>host:port</c>.</summary>
    public required IReadOnlyDictionary<string, ClusterNodeStats> Nodes { get; init; }
}

/// <summary>Another host of the cluster.</summary>
public sealed record ClusterNodeStats
{
    public const string Up = "up";
    public const string Unreachable = "unreachable";
    public const string OtherModel = "otherModel";
    public const string OtherVersion = "otherVersion";

    /// <summary><c>up</c>; <c>unreachable</c>; <c>otherModel</c> and <c>otherVersion</c> for a host that is up and not used for that
    /// reason.</summary>
    public required string State { get; init; }

    /// <summary>Name of its model; left out while it has none or none is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; set; }

    /// <summary>Frames of this host that it answered.</summary>
    [Counter("mobilevlm.cluster.answered", "Frames of this host that the other host answered.")]
    public long Answered { get; set; }

    /// <summary>Frames of this host that it did not answer, because it was lost, refused them, or was too slow.</summary>
    [Counter("mobilevlm.cluster.lost", "Frames of this host that the other host did not answer.")]
    public long Lost { get; set; }

    /// <summary>Frames that it ended after they were given up.</summary>
    [Counter("mobilevlm.cluster.late", "Frames that the other host answered after they were given up.")]
    public long Late { get; set; }

    /// <summary>Frames of the other host that this one answered.</summary>
    [Counter("mobilevlm.cluster.served", "Frames of the other host that this host answered.")]
    public long Served { get; set; }
}
