using System.Text;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between the keys of section <c>History</c>. A folder that the disk cannot accept now is not an error of the
/// configuration: the service answers without it.</summary>
internal static class HistoryValidator
{
    private const int MaxNameBytes = 200;
    private const string History = $"{EdgeOptions.Section}:{nameof(EdgeOptions.History)}";
    private const string Clips = $"{History}:{nameof(HistoryOptions.Clips)}";
    private const string Folder = $"{History}:{nameof(HistoryOptions.Folder)}";

    /// <summary>Adds an error for each broken rule.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="folder">The folder in which relative paths start.</param>
    /// <param name="systemdState">The state folder that systemd passes; used where none is configured.</param>
    /// <param name="problems">Receives problems and warnings.</param>
    public static void Validate(EdgeOptions options, string folder, string? systemdState, ProblemList problems)
    {
        if (options.History.Folder is not { } history)
        {
            if (problems.IsWritten(History) && !problems.HasWithin(History))
            {
                problems.Warn(History, null, "has no effect without Folder: nothing is stored; set Folder, or leave the section out");
            }

            WarnOfClips(options, "has no effect without History:Folder, in which clips are stored; set it, or leave Clips out", _ => true, problems);
            return;
        }

        WarnOfClips(
            options,
            $"has no effect: clips are copies of a stream, of {CameraSources.ClipSources} addresses alone; leave it out, or use the camera's stream as Source",
            source => !CameraSources.CanRecordClips(source),
            problems);
        WarnOfOtherCameras(options, problems);
        if (problems.Has(Folder))
        {
            return;
        }

        var path = Normal(history, folder);
        if (Encoding.UTF8.GetByteCount(Path.GetFileName(path)) > MaxNameBytes)
        {
            problems.Add(Folder, history, $"ends in a name that is too long; up to {MaxNameBytes} bytes would be accepted");
        }
        else if ((options.StateFolder ?? systemdState) is { } state && Normal(state, folder) == path)
        {
            problems.Add(Folder, history, "is the state folder, which has a lock of its own; a folder in it would be accepted, such as 'history'");
        }
    }

    /// <summary>Warns of each camera whose own <c>Clips</c> is on without an effect.</summary>
    private static void WarnOfClips(EdgeOptions options, string message, Func<string, bool> hasNone, ProblemList problems)
    {
        foreach (var (name, camera) in options.Cameras)
        {
            var key = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Cameras)}:{name}:{nameof(CameraOptions.Clips)}";
            if (camera is { Clips: true, Source: { } source } && hasNone(source) && !problems.Has(key))
            {
                problems.Warn(key, ScalarText.Format(true), message);
            }
        }
    }

    private static void WarnOfOtherCameras(EdgeOptions options, ProblemList problems)
    {
        var others = options.Cameras.Where(camera => camera.Value is { Clips: null, Source: { } source } && !CameraSources.CanRecordClips(source))
            .Select(camera => camera.Key).ToList();
        if (options.History.Clips && others.Count > 0 && !problems.Has(Clips))
        {
            problems.Warn(
                Clips,
                ScalarText.Format(true),
                $"does not apply to {string.Join(", ", others)}: clips are copies of a stream, of {CameraSources.ClipSources} addresses alone; set Clips of such a camera to false, or use its stream as Source");
        }
    }

    private static string Normal(string path, string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, folder));
}
