using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Writes one line per log entry: time, level, category with event id, text. For example
/// <c>2026-03-01 12:00:00.000 warn: PublisherActor[51] The connection to mqtt://10.0.0.2 is lost.</c> A line without an event id
/// needs no action. The same warning or error is written at most once per second.</summary>
internal sealed class EdgeConsoleFormatter : ConsoleFormatter
{
    public const string FormatterName = "edge";

    private readonly TimeProvider _time;
    private readonly RepeatedLines _repeated;
    private readonly bool _colors;
    private readonly bool _journal;

    public EdgeConsoleFormatter()
        : this(
            TimeProvider.System,
            colors: !Console.IsErrorRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb",
            journal: Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 })
    {
    }

    /// <param name="time">The time of day, and the pace of repeated lines.</param>
    /// <param name="colors">Colors the level.</param>
    /// <param name="journal">Writes the priority first, which systemd removes and uses for <c>journalctl -p warning</c>.</param>
    internal EdgeConsoleFormatter(TimeProvider time, bool colors, bool journal)
        : base(FormatterName) =>
        (_time, _repeated, _colors, _journal) = (time, new RepeatedLines(time, LogLine.RepeatAfter), colors, journal);

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var text = LogLine.OnOneLine(logEntry.Formatter(logEntry.State, logEntry.Exception));
        var source = LogLine.Source(logEntry.Category, logEntry.EventId.Id);
        var suppressed = logEntry.LogLevel >= LogLevel.Warning ? _repeated.Enter($"{source} {LogLine.WithoutDigits(text)}") : 0;
        if (suppressed is not { } count)
        {
            return;
        }

        var (priority, name, color) = Level(logEntry.LogLevel);
        textWriter.Write(_journal ? $"<{priority}>" : "");
        textWriter.Write(_time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        textWriter.Write(_colors && color.Length > 0 ? $"{color}{name}\u001b[0m" : name);
        textWriter.Write($": {source} {text}");
        textWriter.Write(LogLine.Suppressed(count));

        // The stack trace is for developers, on the same line as the message.
        textWriter.WriteLine(logEntry.Exception is { } exception ? $" {LogLine.OnOneLine(exception.ToString())}" : "");
    }

    private static (int Priority, string Name, string Color) Level(LogLevel level) => level switch
    {
        LogLevel.Trace => (7, "trce", ""),
        LogLevel.Debug => (7, "dbug", ""),
        LogLevel.Information => (6, "info", "\u001b[32m"),
        // Black on yellow, because yellow text cannot be read on white.
        LogLevel.Warning => (4, "warn", "\u001b[30;43m"),
        LogLevel.Error => (3, "fail", "\u001b[31m"),
        LogLevel.Critical => (2, "crit", "\u001b[1m\u001b[31m"),
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };
}
