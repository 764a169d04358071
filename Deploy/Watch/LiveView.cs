using System.Globalization;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Shows a <see cref="WatchState"/> until it is stopped: as a live table on a terminal, otherwise as one line per
/// change.</summary>
/// <param name="output">The terminal, or the file or pipe in its place.</param>
/// <param name="time">The clock of the time of day before each line.</param>
internal sealed class LiveView(ScreenOutput output, TimeProvider time)
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SummaryEvery = TimeSpan.FromMinutes(1);

    private readonly WatchScreen _screen = new(output.Style);

    /// <summary>Whether a table is shown; if not, <see cref="Write"/> writes lines.</summary>
    public bool IsLive => output.IsLive;

    /// <summary>Writes a line about a change, unless there is a table. Thread-safe.</summary>
    public void Write(WatchChange change)
    {
        if (!output.IsLive)
        {
            WriteLine(WatchText.OnOneLine(WatchText.Line(change)));
        }
    }

    /// <summary>Writes a line, unless there is a table. Thread-safe.</summary>
    public void WriteLine(string line)
    {
        if (!output.IsLive)
        {
            // The whole line is written in one call, because several threads write.
            output.Writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Now:HH:mm:ss} {line}{Environment.NewLine}"));
            output.Writer.Flush();
        }
    }

    /// <summary>Keeps the table up to date until cancelled, and leaves its last state on the terminal. Without a
    /// terminal it writes a short summary at intervals, so that a log shows that the command still runs.</summary>
    /// <param name="state">The state to show.</param>
    /// <param name="frame">Returns the lines around the table; called at each refresh.</param>
    /// <param name="cancel">Ends the display.</param>
    public async Task ShowAsync(WatchState state, Func<WatchSnapshot, ScreenFrame> frame, CancellationToken cancel)
    {
        if (!output.IsLive)
        {
            await SummarizeAsync(state, cancel);
            return;
        }

        try
        {
            while (!cancel.IsCancellationRequested)
            {
                var size = ScreenOutput.Size;
                output.Draw(Render(state, frame, size), size);
                await Task.Delay(RefreshEvery, CancellationToken.None);
            }
        }
        finally
        {
            output.Leave();
        }

        // The last line, which explains how to stop, is left out.
        var last = ScreenOutput.Size with { Height = int.MaxValue };
        output.Print(Render(state, frame, last).SkipLast(1));
    }

    private IReadOnlyList<Spectre.Console.Rendering.SegmentLine> Render(
        WatchState state, Func<WatchSnapshot, ScreenFrame> frame, ScreenSize size)
    {
        var snapshot = state.Snapshot();
        return _screen.Render(snapshot, frame(snapshot), size);
    }

    private async Task SummarizeAsync(WatchState state, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(SummaryEvery, time);
        using var ended = cancel.Register(timer.Dispose);
        while (await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            var now = state.Snapshot();
            WriteLine(string.Create(CultureInfo.InvariantCulture, $"{now.AnswerCount} answers, {now.EventCount} events so far"));
        }
    }

    private DateTimeOffset Now => time.GetLocalNow();
}
