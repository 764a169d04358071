using System.Globalization;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>A sum of energy that grows while the machine runs, from one kind of the kernel's sensors.</summary>
internal abstract class EnergySource
{
    /// <summary>The kind of sensor and the parts of the machine that it covers, for people.</summary>
    public abstract string Description { get; }

    /// <summary>Joules since the first call of <see cref="Sample"/>.</summary>
    public double Joules { get; protected set; }

    /// <summary>Reads the sensors and adds what was used since the previous call.</summary>
    /// <param name="now">Time since any fixed moment.</param>
    /// <exception cref="IOException">A sensor does not answer.</exception>
    /// <exception cref="UnauthorizedAccessException">A sensor may not be read.</exception>
    public abstract void Sample(TimeSpan now);

    protected static double Read(string path) =>
        double.TryParse(File.ReadAllText(path).Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new IOException($"{path} does not contain a number.");
}

/// <summary>RAPL: counters of microjoules that begin again at 0 when they are full. Processors of AMD have the same files.</summary>
internal sealed class RaplCounters(IReadOnlyList<RaplCounters.Counter> counters) : EnergySource
{
    private readonly double?[] _previous = new double?[counters.Count];

    public override string Description => $"RAPL: {string.Join(", ", counters.Select(c => c.Name))}";

    public override void Sample(TimeSpan now)
    {
        for (var i = 0; i < counters.Count; i++)
        {
            var value = Read(counters[i].Path);
            if (_previous[i] is { } previous)
            {
                Joules += (value >= previous ? value - previous : value + counters[i].Range - previous) / 1e6;
            }

            _previous[i] = value;
        }
    }

    /// <summary>One counter.</summary>
    /// <param name="Name">Name of its domain, for example <c>package-0</c>.</param>
    /// <param name="Path">Its file.</param>
    /// <param name="Range">Microjoules at which it begins again.</param>
    public sealed record Counter(string Name, string Path, double Range);
}

/// <summary>Sensors of power, whose samples are integrated over time by the trapezoidal rule.</summary>
/// <param name="kind">Name of the sensors' kind.</param>
/// <param name="rails">What is summed.</param>
internal sealed class PowerRails(string kind, IReadOnlyList<PowerRails.Rail> rails) : EnergySource
{
    private (TimeSpan At, double Watts)? _previous;

    public override string Description => $"{kind}: {string.Join(", ", rails.Select(r => r.Name))}";

    public override void Sample(TimeSpan now)
    {
        var watts = rails.Sum(rail => rail.MilliAmperes is { } current
            ? Read(rail.Value) * Read(current) / 1e6
            : Read(rail.Value) / 1e6);
        if (_previous is { } previous)
        {
            Joules += (previous.Watts + watts) / 2 * (now - previous.At).TotalSeconds;
        }

        _previous = (now, watts);
    }

    /// <summary>One sensor.</summary>
    /// <param name="Name">Its label.</param>
    /// <param name="Value">File with microwatts, or with millivolts where there is a file with the current.</param>
    /// <param name="MilliAmperes">File with the current.</param>
    public sealed record Rail(string Name, string Value, string? MilliAmperes = null);
}
