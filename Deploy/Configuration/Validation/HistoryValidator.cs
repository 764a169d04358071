using System.Text;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between the keys of section <c>History</c>. A folder that the disk cannot accept now is not an error of the
/// configuration: the service answers without it.</summary>
internal static class HistoryValidator
{
    private const int MaxNameBytes = 200;
    private const string History = $"{EdgeOptions.Section}:{nameof(EdgeOptions.History)}";
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

            return;
        }

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

    private static string Normal(string path, string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, folder));
}
