using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Bars on standard error for work that is counted in bytes.</summary>
internal static class ByteProgress
{
    /// <summary>Bars with bytes, speed and the time left.</summary>
    public static Progress Bars() => Terminal.Console.Progress().Columns(
        new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(),
        new TransferSpeedColumn(), new RemainingTimeColumn());

    /// <summary>Shows one bar while work is done.</summary>
    /// <param name="what">In front of the bar.</param>
    /// <param name="work">Gets what to call with the bytes done and the bytes of all.</param>
    public static T Show<T>(string what, Func<Action<long, long>, T> work) => Bars().Start(context =>
    {
        var task = context.AddTask(Markup.Escape(what), maxValue: 1);
        return work((done, total) => task.MaxValue(total).Value(done));
    });
}

/// <summary>Passes reports on at once and in order; <see cref="Progress{T}"/> would pass them to other threads.</summary>
internal sealed class ImmediateProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
