using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The data that must survive a restart: the states and what people chose at run time.</summary>
/// <param name="Version">Version of the layout.</param>
/// <param name="States">By camera and question: <c>gate/person</c>.</param>
/// <param name="Switches">The same, where a switch differs from the configuration.</param>
/// <param name="Mode">The current mode; left out if there are none.</param>
/// <param name="Snoozes">Questions whose events are held back, in the same way; left out in files of earlier versions.</param>
internal sealed record SavedState(
    [property: JsonPropertyName("v")] int Version,
    [property: JsonPropertyName("standings")] IReadOnlyDictionary<string, SavedQuestionState> States,
    IReadOnlyDictionary<string, bool> Switches,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Mode = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, SavedSnooze>? Snoozes = null)
{
    public const int Current = 1;

    public static SavedState Empty { get; } =
        new(Current, new Dictionary<string, SavedQuestionState>(), new Dictionary<string, bool>());
}

/// <summary>The file that holds the <see cref="SavedState"/>. Written as a whole beside the old one and renamed over it, so that a power cut
/// leaves one or the other. A file that cannot be read is renamed and reported; the service continues without it. One thread
/// at a time, but for <see cref="Condition"/>.</summary>
/// <param name="folder">Created when it is missing.</param>
/// <param name="logger">Logs each change of the condition once.</param>
/// <param name="steps">How a file is replaced; null replaces a real one.</param>
internal sealed partial class QuestionStateFile(string folder, ILogger<QuestionStateFile> logger, FileSteps? steps = null)
{
    public const string FileName = EdgeSettings.StateFileName;

    // Some hundred bytes per question; more than this was not written here.
    private const int LargestFile = 16 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
    };

    private readonly ILogger _logger = logger;
    private readonly FileSteps _steps = steps ?? new FileSteps();
    private StorageCondition _condition = StorageCondition.OnDisk;

    /// <summary>Whether the last write succeeded. Thread-safe.</summary>
    public StorageCondition Condition => Volatile.Read(ref _condition);

    private string Path => System.IO.Path.Combine(folder, FileName);

    /// <summary>Reads the file. Never throws for disk errors.</summary>
    public SavedState Read()
    {
        try
        {
            var content = FileSteps.ReadBounded(Path, LargestFile);
            if (NewerVersion(content) is { } newer)
            {
                SetAside($"v{newer}", aside => LogNewer(Path, newer, SavedState.Current, aside), "a newer version of the service wrote it");
                return SavedState.Empty;
            }

            var state = JsonSerializer.Deserialize<SavedState>(content, Json);
            return state is { Version: SavedState.Current, States: not null, Switches: not null }
                && state.States.Values.All(saved => saved?.State is { } state && double.IsFinite(state.Score ?? 0))
                && state.Snoozes?.Values.All(saved => saved is not null && double.IsFinite(saved.RemainingS)) != false
                ? state
                : throw new JsonException("it is not a state file, is of another version, or a number in it is out of range");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return SavedState.Empty;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(Path, fault.Message);
            return SavedState.Empty;
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException or NotSupportedException or ArgumentException
            or FormatException or InvalidOperationException or OverflowException)
        {
            SetAside("damaged", aside => LogDamaged(Path, fault.Message, aside), fault.Message);
            return SavedState.Empty;
        }
    }

    /// <summary>Writes the file. Never throws for disk errors. An outage is logged once, and so is its end.</summary>
    /// <returns>Whether it is on disk.</returns>
    public bool Write(SavedState state)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(state, Json);
        try
        {
            _steps.Replace(Path, content);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (Condition.Kind == StorageKind.Disk)
            {
                LogUnwritable(Path, fault.Message);
            }

            Volatile.Write(ref _condition, StorageCondition.InMemory(fault.Message.TrimEnd('.')));
            return false;
        }

        if (Condition.Kind != StorageKind.Disk)
        {
            Volatile.Write(ref _condition, StorageCondition.OnDisk);
            LogWritable(Path);
        }

        return true;
    }

    /// <returns>The version of the format if it is newer than this program knows; null for any other content.</returns>
    private static int? NewerVersion(byte[] content)
    {
        using var json = JsonDocument.Parse(content);
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("v", out var version)
            && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number > SavedState.Current
                ? number
                : null;
    }

    private void SetAside(string label, Action<string> log, string reason)
    {
        try
        {
            log(FileSteps.SetAside(Path, label));
        }
        catch (Exception other) when (other is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(Path, $"{reason}; {other.Message}");
        }
    }

    [LoggerMessage(EventId = 85, Level = LogLevel.Error, Message =
        "{File} is damaged ({Reason}). It is now {Aside}; states, cool-downs, switches, mode and snoozes start afresh. Check the disk (dmesg, smartctl).")]
    private partial void LogDamaged(string file, string reason, string aside);

    [LoggerMessage(EventId = 89, Level = LogLevel.Error, Message =
        "{File} was written by a newer version of the service (its layout is version {Version}, this program reads {Known}). It is now {Aside}; states, cool-downs, switches, mode and snoozes start afresh. To have them back, update the service, stop it and rename the file.")]
    private partial void LogNewer(string file, int version, int known, string aside);

    [LoggerMessage(EventId = 86, Level = LogLevel.Error, Message =
        "{File} cannot be read ({Reason}). States, cool-downs, switches, mode and snoozes start afresh. Repair the disk or the permissions of StateFolder.")]
    private partial void LogUnreadable(string file, string reason);

    [LoggerMessage(EventId = 87, Level = LogLevel.Error, Message =
        "{File} cannot be written ({Reason}). The service continues and tries again; a restart meanwhile forgets states, cool-downs, switches, mode and snoozes. Free space, or repair the disk or the permissions of StateFolder.")]
    private partial void LogUnwritable(string file, string reason);

    [LoggerMessage(EventId = 88, Level = LogLevel.Information, Message = "{File} is written again.")]
    private partial void LogWritable(string file);
}
