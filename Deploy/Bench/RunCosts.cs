namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>What one run took.</summary>
/// <param name="Milliseconds">Elapsed time.</param>
/// <param name="Joules">Energy of the machine meanwhile; null where it is not reported.</param>
internal readonly record struct RunCost(double Milliseconds, double? Joules)
{
    public static RunCost operator +(RunCost a, RunCost b) => new(a.Milliseconds + b.Milliseconds, a.Joules + b.Joules);
}

/// <summary>What repeated runs of one thing took.</summary>
/// <param name="runs">At least one.</param>
internal sealed class RunCosts(IReadOnlyList<RunCost> runs)
{
    public SampleStatistics Time { get; } = new([.. runs.Select(run => run.Milliseconds)]);

    /// <summary>Null where one of the runs has no value.</summary>
    public EnergyUse? Energy => runs.All(run => run.Joules is not null)
        ? new EnergyUse(
            new SampleStatistics([.. runs.Select(run => run.Joules!.Value)]).Median,
            runs.Sum(run => run.Joules!.Value) / runs.Sum(run => run.Milliseconds / 1000))
        : null;

    /// <summary>The costs of one of the equal steps that each run consists of.</summary>
    public RunCosts Divide(int steps) => new([.. runs.Select(run => new RunCost(run.Milliseconds / steps, run.Joules / steps))]);

    public BenchResult ToResult(string name, string title) => new(name, title, Time) { Energy = Energy };
}
