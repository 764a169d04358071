using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Http.Api;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Passes log entries to the live page in the form of the console, without stack traces. The same warning or error is kept at most
/// once per second. Thread-safe.</summary>
internal sealed class LogTailProvider(LogTail tail, TimeProvider time) : ILoggerProvider
{
    private readonly RepeatedLines _repeated = new(time, LogLine.RepeatAfter);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private void Add(LogLevel level, string source, string text)
    {
        var suppressed = level < LogLevel.Warning ? 0 : _repeated.Enter($"{source} {LogLine.WithoutDigits(text)}");
        if (suppressed is { } count)
        {
            tail.Add(time.GetUtcNow(), NameOf(level), source, text + LogLine.Suppressed(count));
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "information",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        LogLevel.Critical => "critical",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    private sealed class Logger(LogTailProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var text = LogLine.OnOneLine(formatter(state, exception) + (exception is null ? "" : $" {exception.Message}"));
                provider.Add(logLevel, LogLine.Source(category, eventId.Id), text);
            }
        }
    }
}
