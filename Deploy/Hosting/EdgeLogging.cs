using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Logs go to standard error, one line each, so that standard output stays a command's result.</summary>
internal static class EdgeLogging
{
    public static ILoggingBuilder AddEdgeConsole(this ILoggingBuilder logging, LogLevel level)
    {
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // It would log a failed start with its trace; the command line says what the reader has to do instead.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddConsole(console => console.FormatterName = EdgeConsoleFormatter.FormatterName);
        logging.AddConsoleFormatter<EdgeConsoleFormatter, ConsoleFormatterOptions>();
        logging.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        return logging;
    }
}
