using System.Globalization;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Shows a <see cref="WatchState"/> until it is stopped: as a live table on a terminal, as a line per change
/// anywhere else.</summary>
/// <param name="output">The terminal, or the file or pipe in its place.</param>
/// <param name="time">The time of day in front of each line.</param>
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
            // One call for the whole line: several threads write.
            output.Writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Now:HH:mm:ss} {line}{Environment.NewLine}"));
            output.Writer.Flush();
        }
    }

    /// <summary>Keeps the table up to date until cancelled, and leaves its last state on the terminal. Without a
    /// terminal it writes a short summary now and then, so that a log shows that something still runs.</summary>
    /// <param name="state">What is shown.</param>
    /// <param name="frame">What stands around the table, asked for each time.</param>
    /// <param name="cancel">Ends it.</param>
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

        // Without the last line, which says how to stop.
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
