using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>A bar on standard error for work that is counted in steps.</summary>
internal static class StepProgress
{
    /// <summary>Shows a bar with the time left while work is done, if standard error is a terminal.</summary>
    /// <param name="what">In front of the bar.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="work">Gets the bar's task; null where no bar is shown.</param>
    public static T Show<T>(string what, int steps, Func<ProgressTask?, T> work) =>
        Terminal.Console.Profile.Capabilities.Interactive && !Console.IsErrorRedirected
            ? Terminal.Console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .AutoClear(true)
                .Start(context => work(context.AddTask(Markup.Escape(what), maxValue: steps)))
            : work(null);
}
