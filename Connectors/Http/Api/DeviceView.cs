namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The state of the machine. What it does not report is null or empty.</summary>
public sealed record DeviceView
{
    /// <summary>Processors that the process may use.</summary>
    public int Processors { get; init; } = Environment.ProcessorCount;

    /// <summary>Average number of runnable threads over 1, 5 and 15 minutes.</summary>
    public IReadOnlyList<double> Load { get; init; } = [];

    /// <summary>Degrees Celsius by sensor.</summary>
    public IReadOnlyList<(string Sensor, double Celsius)> Temperatures { get; init; } = [];

    /// <summary>Memory of the machine in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Memory that programs can still get, in bytes.</summary>
    public long? AvailableMemoryBytes { get; init; }
}
