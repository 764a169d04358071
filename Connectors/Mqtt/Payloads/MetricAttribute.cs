namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Makes a number of the statistics an instrument of .NET's metrics, too. On properties of type <see cref="long"/>
/// and <see cref="bool"/> (1 and 0); nothing is measured while the property is null.</summary>
/// <param name="name">The instrument's name; a contract with dashboards.</param>
/// <param name="description">What is measured, as a sentence.</param>
[AttributeUsage(AttributeTargets.Property)]
public abstract class MetricAttribute(string name, string description) : Attribute
{
    /// <summary>The instrument's name.</summary>
    public string Name => name;

    /// <summary>Describes the measured quantity.</summary>
    public string Description => description;

    /// <summary>The unit in UCUM's notation: <c>s</c>, <c>By</c>; null for a count.</summary>
    public string? Unit { get; init; }
}

/// <summary>A number that only grows while the process runs.</summary>
/// <inheritdoc cref="MetricAttribute(string, string)"/>
public sealed class CounterAttribute(string name, string description) : MetricAttribute(name, description);

/// <summary>A number that may grow and fall.</summary>
/// <inheritdoc cref="MetricAttribute(string, string)"/>
public sealed class GaugeAttribute(string name, string description) : MetricAttribute(name, description);
