using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Prevents a second service from using the state folder, the outbox and the history of this one: both would send the same events, and
/// each would overwrite the files of the other. Locked before anything else is opened, released last.</summary>
internal sealed partial class StateLocks : IDisposable
{
    private readonly List<InstanceLock> _locks = [];
    private readonly ILogger _logger;

    private StateLocks(ILogger logger) => _logger = logger;

    /// <summary>Takes the locks, and reports what cannot be written: the service starts nevertheless.</summary>
    /// <exception cref="StorageInUseException">Another process has one of them.</exception>
    public static StateLocks Take(EdgeConfiguration configuration, ILogger logger)
    {
        var locks = new StateLocks(logger);
        try
        {
            foreach (var (key, path, message) in StateAccess.StateErrors(configuration))
            {
                locks.LogUnusable(key, path, message);
            }

            if (configuration.StateFolder is { } folder)
            {
                TryCreate(folder);
                locks.Add("StateFolder", folder, InstanceLock.TakeFolder("StateFolder", folder));
            }

            if (configuration.ToOutboxSettings()?.Path is { } outbox)
            {
                TryCreate(Path.GetDirectoryName(outbox)!);
                var key = configuration.Options.Outbox.Path is null ? "StateFolder" : "Outbox:Path";
                locks.Add(key, outbox, InstanceLock.TakeFile(key, outbox));
            }

            if (configuration.ToHistorySettings()?.Folder is { } history)
            {
                if (StateAccess.HistoryError(configuration) is var (key, path, message))
                {
                    locks.LogHistoryUnusable(key, path, message);
                }

                // Other users may not see what the cameras see.
                TryCreate(history, isPrivate: true);
                locks.Add("History:Folder", history, InstanceLock.TakeFolder("History:Folder", history));
            }

            return locks;
        }
        catch
        {
            locks.Dispose();
            throw;
        }
    }

    public void Dispose() => _locks.ForEach(it => it.Dispose());

    // What cannot be created was reported above.
    private static void TryCreate(string folder, bool isPrivate = false)
    {
        try
        {
            if (isPrivate)
            {
                PrivateFiles.CreateFolder(folder);
            }
            else
            {
                Directory.CreateDirectory(folder);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _ = exception;
        }
    }

    private void Add(string key, string path, InstanceLock taken)
    {
        _locks.Add(taken);
        if (!taken.IsHeld)
        {
            LogNotLocked(key, path);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message =
        "{Key}: '{Path}' {Problem}. The service answers and publishes; until this is repaired, waiting events and states are kept in memory and are lost when the process ends.")]
    private partial void LogUnusable(string key, string path, string problem);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message =
        "{Key}: '{Path}' {Problem}. The service answers and publishes; until this is repaired, answers are not recorded.")]
    private partial void LogHistoryUnusable(string key, string path, string problem);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message =
        "{Key}: '{Path}' cannot be locked, neither there nor in the temporary folder. A second service that uses it would not be detected.")]
    private partial void LogNotLocked(string key, string path);
}
