using System.Text.Json;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>The file in the state folder that holds the <see cref="QuestionOverlay"/>. Written as a whole beside the old one and renamed over it,
/// so that a power cut leaves one or the other.</summary>
internal sealed partial class QuestionOverlayFile
{
    /// <summary>The name of the file in the state folder.</summary>
    public const string FileName = "question-overlay.json";

    private readonly ILogger _logger;
    private readonly FileSteps _steps;

    /// <param name="folder">The state folder; created at the first write.</param>
    /// <param name="logger">Gets what is wrong with the file.</param>
    /// <param name="steps">How a file is replaced; null replaces a real one.</param>
    public QuestionOverlayFile(string folder, ILogger<QuestionOverlayFile> logger, FileSteps? steps = null) =>
        (FilePath, _logger, _steps) = (PathIn(folder), logger, steps ?? new FileSteps());

    /// <summary>Where it is.</summary>
    public string FilePath { get; }

    /// <summary>Why the file could not be read although it is there, so that it must not be replaced; null otherwise.</summary>
    public string? Unreadable { get; private set; }

    /// <summary>The file in a state folder.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, FileName);

    /// <summary>Reads the file without changing anything.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="problem">Why it cannot be used; null if it can, or if there is none.</param>
    /// <returns>Its content; empty if it cannot be used.</returns>
    public static QuestionOverlay Peek(string path, out string? problem)
    {
        problem = null;
        try
        {
            return Read(path);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException or NewerOverlayException or IOException or UnauthorizedAccessException)
        {
            problem = fault switch
            {
                JsonException or InvalidDataException => $"is damaged ({fault.Message})",
                NewerOverlayException newer => $"was written by a newer version of the service (its layout is version {newer.Version})",
                _ => $"cannot be read ({fault.Message.TrimEnd('.')})",
            };
            return QuestionOverlay.Empty;
        }
    }

    /// <summary>Reads the file for the service. One that is damaged is renamed and reported, and the service goes on without it. Never
    /// throws for disk errors.</summary>
    public QuestionOverlay Open()
    {
        try
        {
            return Read(FilePath);
        }
        catch (NewerOverlayException newer)
        {
            SetAside($"v{newer.Version}", aside => LogNewer(FilePath, newer.Version, aside));
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException)
        {
            SetAside("damaged", aside => LogDamaged(FilePath, fault.Message, aside));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            MarkUnreadable(fault);
        }

        return QuestionOverlay.Empty;
    }

    /// <summary>Replaces the file.</summary>
    /// <exception cref="IOException">It cannot be written; the old one is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Write(QuestionOverlay overlay) => _steps.Replace(FilePath, overlay.ToJson());

    private static QuestionOverlay Read(string path)
    {
        try
        {
            return QuestionOverlay.Parse(FileSteps.ReadBounded(path, 2 * QuestionOverlay.MaxBytes));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return QuestionOverlay.Empty;
        }
    }

    private void SetAside(string label, Action<string> log)
    {
        try
        {
            log(FileSteps.SetAside(FilePath, label));
        }
        catch (Exception other) when (other is IOException or UnauthorizedAccessException)
        {
            MarkUnreadable(other);
        }
    }

    private void MarkUnreadable(Exception fault)
    {
        Unreadable = fault.Message.TrimEnd('.');
        LogUnreadable(FilePath, Unreadable);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message =
        "{File} is damaged ({Reason}). It is now {Aside}; the questions of the configuration file count until they are changed again. Check the disk (dmesg, smartctl).")]
    private partial void LogDamaged(string file, string reason, string aside);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message =
        "{File} was written by a newer version of the service (its layout is version {Version}). It is now {Aside}; the questions of the configuration file count. To have the changes back, update the service, stop it and rename the file.")]
    private partial void LogNewer(string file, int version, string aside);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message =
        "{File} cannot be read ({Reason}); the questions of the configuration file count, and questions cannot be changed over HTTP. Repair the disk or the permissions of StateFolder and restart the service.")]
    private partial void LogUnreadable(string file, string reason);
}
