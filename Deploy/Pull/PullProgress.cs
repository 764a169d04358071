using MobileVlm.Edge.Deploy.Cli;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Bars on standard error: one per file and one for all, each with bytes, speed and the time left.</summary>
internal sealed class PullProgress(ProgressContext context, string what, long bytes)
{
    private readonly ProgressTask _all = context.AddTask(Markup.Escape(what), maxValue: Math.Max(1, bytes));
    private double _before;

    public static Task ShowAsync(string what, long bytes, Func<PullProgress, Task> work) =>
        ByteProgress.Bars().StartAsync(context => work(new PullProgress(context, what, bytes)));

    /// <summary>A bar for one file; call it with the bytes of that file that are there.</summary>
    public Action<long> Begin(string file, long size)
    {
        var task = context.AddTask(Markup.Escape(file), maxValue: Math.Max(1, size));
        var start = _before;
        _before += size;
        return done =>
        {
            task.Value = size == 0 ? 1 : done;
            Report((long)start + done);
        };
    }

    /// <summary>Reports the bytes of all files together.</summary>
    public void Report(long done) => _all.Value = done;
}
