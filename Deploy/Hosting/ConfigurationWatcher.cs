using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Reloads the configuration file when it has changed, or at once on SIGHUP. A file with errors is refused and every error
/// is logged; the service continues unchanged.</summary>
internal sealed partial class ConfigurationWatcher : IDisposable
{
    // Polling costs almost nothing and works where file notifications do not: network drives, mounted secrets, editors that
    // replace the file by a new one.
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Func<EdgeConfiguration> _load;
    private readonly string _file;
    private readonly Action<EdgeConfiguration> _apply;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly PosixSignalRegistration? _signal;
    private (DateTime WrittenAt, long Length) _loadedVersion;
    private (DateTime WrittenAt, long Length) _polledVersion;

    /// <summary>Starts polling.</summary>
    /// <param name="file">The file to watch.</param>
    /// <param name="load">Loads the whole configuration.</param>
    /// <param name="apply">Applies a valid configuration. Never called concurrently.</param>
    /// <param name="time">The clock of the polling interval.</param>
    /// <param name="logger">Receives the errors.</param>
    public ConfigurationWatcher(
        string file,
        Func<EdgeConfiguration> load,
        Action<EdgeConfiguration> apply,
        TimeProvider time,
        ILogger<ConfigurationWatcher> logger)
    {
        (_file, _load, _apply, _logger) = (file, load, apply, logger);
        _loadedVersion = _polledVersion = ReadVersion();
        _timer = time.CreateTimer(_ => ReloadIfChanged(), null, PollEvery, PollEvery);
        if (!OperatingSystem.IsWindows())
        {
            _signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
            {
                // The default action would end the process.
                context.Cancel = true;
                Reload("SIGHUP");
            });
        }
    }

    public void Dispose()
    {
        _signal?.Dispose();
        _timer.Dispose();
        // Waits for a reload in progress.
        lock (_lock)
        {
        }
    }

    private void ReloadIfChanged()
    {
        var version = ReadVersion();
        // A file that is still being written is not read: its version must be the same at two polls.
        var isSettled = version == _polledVersion;
        _polledVersion = version;
        if (isSettled && version != _loadedVersion)
        {
            Reload(_file);
        }
    }

    private void Reload(string why)
    {
        lock (_lock)
        {
            _loadedVersion = ReadVersion();
            try
            {
                var configuration = _load();
                _apply(configuration);
            }
            catch (ConfigurationException invalid)
            {
                foreach (var error in invalid.Errors)
                {
                    LogError(error.ToString());
                }

                LogRefused(why, invalid.Errors.Count);
            }
            catch (Exception exception)
            {
                LogNotApplied(why, exception);
            }
        }
    }

    private (DateTime WrittenAt, long Length) ReadVersion()
    {
        var file = new FileInfo(_file);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    [LoggerMessage(EventId = 30, Level = LogLevel.Error, Message = "The new configuration is invalid: {Error}")]
    private partial void LogError(string error);

    [LoggerMessage(EventId = 31, Level = LogLevel.Error, Message = "The new configuration ({Why}) is refused because of {Errors} error(s). The service continues unchanged. Correct the file: mobilevlm config check FILE.")]
    private partial void LogRefused(string why, int errors);

    [LoggerMessage(EventId = 32, Level = LogLevel.Error, Message = "The new configuration ({Why}) could not be applied.")]
    private partial void LogNotApplied(string why, Exception exception);
}
