using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Reads the configuration file again when it changed, or at once on SIGHUP. A faulty file is refused with every
/// fault named, and what runs goes on.</summary>
internal sealed partial class ConfigurationWatcher : IDisposable
{
    // Looking costs nothing, and works where notifications do not: network drives, mounted secrets, editors that write a
    // new file in the old one's place.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Func<EdgeConfiguration> _load;
    private readonly string _file;
    private readonly Action<EdgeConfiguration> _apply;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly PosixSignalRegistration? _signal;
    private (DateTime WrittenAt, long Length) _seen;
    private (DateTime WrittenAt, long Length) _settling;

    /// <param name="file">What is watched.</param>
    /// <param name="load">Reads all of the configuration.</param>
    /// <param name="apply">Takes what was read without fault. Never called twice at once.</param>
    /// <param name="time">Paces the looks.</param>
    /// <param name="logger">Hears of faults.</param>
    public ConfigurationWatcher(
        string file,
        Func<EdgeConfiguration> load,
        Action<EdgeConfiguration> apply,
        TimeProvider time,
        ILogger<ConfigurationWatcher> logger)
    {
        (_file, _load, _apply, _logger) = (file, load, apply, logger);
        _seen = _settling = Look();
        _timer = time.CreateTimer(_ => ReadIfChanged(), null, LookEvery, LookEvery);
        if (!OperatingSystem.IsWindows())
        {
            _signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
            {
                // The default is to end the process.
                context.Cancel = true;
                Read("SIGHUP");
            });
        }
    }

    public void Dispose()
    {
        _signal?.Dispose();
        _timer.Dispose();
        // Waits for a read that is under way.
        lock (_lock)
        {
        }
    }

    private void ReadIfChanged()
    {
        var now = Look();
        // A file that is still being written is not read: it must look the same twice.
        var isSettled = now == _settling;
        _settling = now;
        if (isSettled && now != _seen)
        {
            Read(_file);
        }
    }

    private void Read(string why)
    {
        lock (_lock)
        {
            _seen = Look();
            try
            {
                var configuration = _load();
                _apply(configuration);
            }
            catch (ConfigurationException faulty)
            {
                foreach (var fault in faulty.Errors)
                {
                    LogFault(fault.ToString());
                }

                LogRefused(why, faulty.Errors.Count);
            }
            catch (Exception fault)
            {
                LogNotApplied(why, fault);
            }
        }
    }

    private (DateTime WrittenAt, long Length) Look()
    {
        var file = new FileInfo(_file);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    [LoggerMessage(EventId = 30, Level = LogLevel.Error, Message = "The new configuration is wrong: {Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(EventId = 31, Level = LogLevel.Error, Message = "The new configuration ({Why}) is refused because of {Faults} error(s); everything goes on as it was. Correct the file: mobilevlm config check FILE.")]
    private partial void LogRefused(string why, int faults);

    [LoggerMessage(EventId = 32, Level = LogLevel.Error, Message = "The new configuration ({Why}) could not be applied.")]
    private partial void LogNotApplied(string why, Exception fault);
}
