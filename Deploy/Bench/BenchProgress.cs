using MobileVlm.Edge.Deploy.Commands;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>A bar on standard error that says what is being measured; also where a call that was interrupted ends.</summary>
internal sealed class BenchProgress(ProgressTask? task, CancellationToken cancel)
{
    /// <summary>Runs work with a bar of so many steps.</summary>
    public static T Show<T>(int steps, Func<BenchProgress, T> work, CancellationToken cancel) =>
        Terminal.Console.Profile.Capabilities.Interactive && !Console.IsErrorRedirected
            ? Terminal.Console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
                .AutoClear(true)
                .Start(context => work(new BenchProgress(context.AddTask("bench", maxValue: steps), cancel)))
            : work(new BenchProgress(null, cancel));

    /// <summary>Between two measurements: one step more.</summary>
    /// <exception cref="OperationCanceledException">The user ended the call.</exception>
    public void Next(string what)
    {
        cancel.ThrowIfCancellationRequested();
        task?.Description(what).Increment(1);
    }

    /// <summary>What goes on that is not a step.</summary>
    public void Report(string what) => task?.Description(what);
}
