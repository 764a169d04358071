using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>What must survive a restart: the standings and what was switched at run time.</summary>
/// <param name="Version">Of this layout.</param>
/// <param name="Standings">By camera and question: <c>gate/person</c>.</param>
/// <param name="Switches">The same, where a switch differs from the configuration.</param>
internal sealed record SavedState(
    [property: JsonPropertyName("v")] int Version,
    IReadOnlyDictionary<string, SavedStanding> Standings,
    IReadOnlyDictionary<string, bool> Switches)
{
    public const int Current = 1;

    public static SavedState Empty { get; } =
        new(Current, new Dictionary<string, SavedStanding>(), new Dictionary<string, bool>());
}

/// <summary>The small file in which it is kept. Written whole beside the old one and put in its place, so that a power
/// cut leaves one or the other. What cannot be read is set aside and said; the service goes on without.</summary>
internal sealed partial class QuestionStateFile(string folder, ILogger<QuestionStateFile> logger)
{
    public const string FileName = "questions.json";

    // Some hundred bytes a question; more than this was not written here.
    private const int LargestFile = 16 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
    };

    private readonly ILogger _logger = logger;
    private bool _saidUnwritable;

    private string Path => System.IO.Path.Combine(folder, FileName);

    /// <summary>Never throws for what a disk can do.</summary>
    public SavedState Read()
    {
        try
        {
            using var file = File.OpenRead(Path);
            if (file.Length > LargestFile)
            {
                throw new JsonException($"it has {file.Length} bytes");
            }

            var state = JsonSerializer.Deserialize<SavedState>(file, Json);
            return state is { Version: SavedState.Current, Standings: not null, Switches: not null }
                && state.Standings.Values.All(saved => saved?.Standing is { } standing && double.IsFinite(standing.Score ?? 0))
                ? state
                : throw new JsonException("it is no such file, of another version, or a number in it is out of range");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return SavedState.Empty;
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException)
        {
            SetAside(fault);
            return SavedState.Empty;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(Path, fault.Message);
            return SavedState.Empty;
        }
    }

    /// <summary>Never throws for what a disk can do; an outage is said once.</summary>
    public void Write(SavedState state)
    {
        var draft = $"{Path}.new";
        try
        {
            Directory.CreateDirectory(folder);
            using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write))
            {
                JsonSerializer.Serialize(file, state, Json);
                // Else a power cut may leave the new name with nothing in it.
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, Path, overwrite: true);
            _saidUnwritable = false;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (!_saidUnwritable)
            {
                _saidUnwritable = true;
                LogUnwritable(Path, fault.Message);
            }
        }
    }

    private void SetAside(Exception fault)
    {
        var aside = $"{Path}.damaged";
        try
        {
            File.Move(Path, aside, overwrite: true);
            LogDamaged(Path, fault.Message, aside);
        }
        catch (Exception other) when (other is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(Path, $"{fault.Message}; {other.Message}");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} is damaged ({Reason}); it is now {Aside}, and questions start afresh.")]
    private partial void LogDamaged(string file, string reason, string aside);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} cannot be read ({Reason}); questions start afresh.")]
    private partial void LogUnreadable(string file, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} cannot be written ({Reason}); a restart will forget what is known. Mend the folder or set StateFolder.")]
    private partial void LogUnwritable(string file, string reason);
}
