using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Dispatch;
using Akka.Event;
using Microsoft.Extensions.Logging;
using AkkaLevel = Akka.Event.LogLevel;
using HostLevel = Microsoft.Extensions.Logging.LogLevel;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>Carries the logger factory into the actor system, whose loggers are named in its configuration.</summary>
/// <param name="loggers">The host's log.</param>
/// <param name="isQuiet">Writes everything as Debug: strangers at a port can cause errors of connections, and the owner of the system
/// reports what an operator has to know.</param>
internal sealed class AkkaLoggerSetup(ILoggerFactory loggers, bool isQuiet = false) : Setup
{
    public ILoggerFactory Loggers => loggers;

    public bool IsQuiet => isQuiet;
}

/// <summary>Writes what Akka itself logs to the host's log.</summary>
internal sealed partial class AkkaLogger : ReceiveActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    private readonly Microsoft.Extensions.Logging.ILogger _logger;
    private readonly bool _isQuiet;

    public AkkaLogger()
    {
        var setup = Context.System.Settings.Setup.Get<AkkaLoggerSetup>();
        _logger = setup.Value.Loggers.CreateLogger("Akka");
        _isQuiet = setup.Value.IsQuiet;
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(Write);
    }

    private void Write(LogEvent entry)
    {
        var level = _isQuiet ? HostLevel.Debug : LevelOf(entry.LogLevel());
        if (_logger.IsEnabled(level))
        {
            Log(level, entry.Cause, entry.LogSource, entry.Message);
        }
    }

    private static HostLevel LevelOf(AkkaLevel level) => level switch
    {
        AkkaLevel.ErrorLevel => HostLevel.Error,
        AkkaLevel.WarningLevel => HostLevel.Warning,
        AkkaLevel.InfoLevel => HostLevel.Information,
        AkkaLevel.DebugLevel => HostLevel.Debug,
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "This level is not known."),
    };

    [LoggerMessage(EventId = 1, Message = "{Source}: {Text}")]
    private partial void Log(HostLevel level, Exception? cause, string source, object? text);
}
