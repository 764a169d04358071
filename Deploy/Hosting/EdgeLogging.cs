using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Configures logging: one line per entry on standard error, so that standard output holds only a command's result.</summary>
internal static class EdgeLogging
{
    public static ILoggingBuilder AddEdgeConsole(this ILoggingBuilder logging, LogLevel level)
    {
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("ModelContextProtocol", LogLevel.Warning);

        // The host would log a failed start with its stack trace; the command line prints what the user can do instead.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddConsole(console => console.FormatterName = EdgeConsoleFormatter.FormatterName);
        logging.AddConsoleFormatter<EdgeConsoleFormatter, ConsoleFormatterOptions>();
        logging.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        return logging;
    }
}
