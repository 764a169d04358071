using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>How much the engine may work, where a temperature or quiet hours limit it.</summary>
public sealed record PaceStats
{
    public const string None = "none";
    public const string TooHot = "temperature";
    public const string Quiet = "quietHours";

    /// <summary>The share of time that the engine may work, above 0 and at most 1; 1 means no limit at this moment.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>What limits it: <c>none</c>, <c>temperature</c> or <c>quietHours</c>; the stronger one of both.</summary>
    public string Reason { get; init; } = None;

    /// <summary>The share of about the last minute in which the engine worked.</summary>
    public double BusyShare { get; init; }

    /// <summary>The configured limit in degrees Celsius; left out where none is set.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MaxTemperature { get; init; }

    /// <summary>The temperature that was read last, in degrees Celsius; left out where none can be read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Temperature { get; init; }

    /// <summary>The sensor; left out where none can be read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sensor { get; init; }
}
