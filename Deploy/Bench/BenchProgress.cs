using MobileVlm.Edge.Deploy.Cli;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>A progress bar on standard error; also ends a call that the user interrupted.</summary>
internal sealed class BenchProgress(ProgressTask? task, CancellationToken cancel)
{
    /// <summary>Runs work with a bar of the given number of steps.</summary>
    public static T Show<T>(int steps, Func<BenchProgress, T> work, CancellationToken cancel) =>
        Terminal.Console.Profile.Capabilities.Interactive && !Console.IsErrorRedirected
            ? Terminal.Console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
                .AutoClear(true)
                .Start(context => work(new BenchProgress(context.AddTask("bench", maxValue: steps), cancel)))
            : work(new BenchProgress(null, cancel));

    /// <summary>Begins the next step.</summary>
    /// <exception cref="OperationCanceledException">The user ended the call.</exception>
    public void Next(string what)
    {
        cancel.ThrowIfCancellationRequested();
        task?.Description(what).Increment(1);
    }

    /// <summary>Shows what is done now, without a step.</summary>
    public void Report(string what) => task?.Description(what);
}
