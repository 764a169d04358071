using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Modes;

/// <summary>The current mode. It is independent of the switches of single questions: what a mode does not ask is asked again, as its
/// switch says, as soon as another mode is the current one. Its owner saves it. Thread-safe.</summary>
public sealed partial class ModeSwitch
{
    private readonly IReadOnlyList<ModeSettings> _modes;
    private readonly ILogger _logger;
    private readonly Lock _switching = new();
    private volatile ModeSettings? _current;

    /// <param name="modes">All modes; without any, nothing is skipped or muted.</param>
    /// <param name="initial">The name of the first current mode; null for the first of the list.</param>
    /// <param name="logger">Logs each change.</param>
    public ModeSwitch(IReadOnlyList<ModeSettings> modes, string? initial, ILogger<ModeSwitch>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(modes);
        _modes = modes;
        _logger = logger ?? NullLogger<ModeSwitch>.Instance;
        _current = initial is null ? modes.Count > 0 ? modes[0] : null : Find(initial);
    }

    /// <summary>Raised after a change, on the switching thread, with the name of the mode.</summary>
    public event Action<string>? Changed;

    /// <summary>The names of all modes, in the order of the configuration.</summary>
    public IReadOnlyList<string> Names => [.. _modes.Select(mode => mode.Name)];

    /// <summary>The name of the current mode; null if there are none.</summary>
    public string? Current => _current?.Name;

    /// <summary>Makes a mode the current one.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>False for an unknown mode.</returns>
    public bool TrySet(string name)
    {
        if (Find(name) is not { } mode)
        {
            return false;
        }

        lock (_switching)
        {
            if (_current == mode)
            {
                return true;
            }

            LogChanged(_current?.Name ?? "", mode.Name);
            _current = mode;
            Changed?.Invoke(mode.Name);
        }

        return true;
    }

    /// <summary>Takes over the mode of the last run.</summary>
    /// <param name="name">Its name; null if none was saved.</param>
    /// <param name="isKept">False if nothing survives a restart.</param>
    public void Restore(string? name, bool isKept)
    {
        if (_modes.Count == 0)
        {
            return;
        }

        if (name is not null && Find(name) is { } mode)
        {
            _current = mode;
            LogRestored(mode.Name);
        }
        else if (name is not null)
        {
            LogUnknown(name, Current!);
        }
        else
        {
            LogInitial(Current!, isKept ? "" : " It is not kept over a restart; MobileVlm:StateFolder names a folder for it.");
        }
    }

    /// <summary>Whether the current mode does not ask a question.</summary>
    public bool Skips(CameraId camera, string question) => _current is { } mode && IsNamed(mode.Skip, camera, question);

    /// <summary>Whether the current mode does not publish the events of a question.</summary>
    public bool MutesEvents(CameraId camera, string question) => _current is { } mode && IsNamed(mode.MuteEvents, camera, question);

    private ModeSettings? Find(string name) => _modes.FirstOrDefault(mode => mode.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static bool IsNamed(IReadOnlyList<QuestionPattern> patterns, CameraId camera, string question) =>
        patterns.Any(pattern => pattern.Matches(camera.Value, question));

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "The mode was '{Before}' and is now '{Mode}'.")]
    private partial void LogChanged(string before, string mode);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "The mode is '{Mode}', as in the last run.")]
    private partial void LogRestored(string mode);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "The mode is '{Mode}', the initial one.{Remark}")]
    private partial void LogInitial(string mode, string remark);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message =
        "The mode of the last run, '{Saved}', is no longer configured. The mode is '{Mode}', the initial one.")]
    private partial void LogUnknown(string saved, string mode);
}
