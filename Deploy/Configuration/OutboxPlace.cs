namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Where the outbox is when its configuration does not say it.</summary>
internal static class OutboxPlace
{
    private const string FileName = "outbox.db";

    // Set by systemd for a unit with StateDirectory=; several are separated by colons.
    private const string StateVariable = "STATE_DIRECTORY";

    /// <summary>The file's full path; null when there is nowhere to put it.</summary>
    public static string? Resolve(string? path, string folder, IReadOnlyDictionary<string, string> environment) =>
        path is not null ? Path.GetFullPath(path, folder)
        : environment.GetValueOrDefault(StateVariable) is { Length: > 0 } state ? Path.Combine(state.Split(':')[0], FileName)
        : null;
}
