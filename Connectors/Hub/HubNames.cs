using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Names that come from a user or a server and become addresses and paths.</summary>
public static partial class HubNames
{
    private const int LongestPath = 1024;
    private const int LongestRevision = 200;

    /// <summary><c>owner/name</c> or, as the oldest repositories are called, <c>name</c>.</summary>
    public static bool IsRepository(string id) =>
        Repository().IsMatch(id) && !id.Contains("..", StringComparison.Ordinal) && !id.Contains("--", StringComparison.Ordinal);

    /// <summary>A branch, tag, commit or <c>refs/pr/N</c>.</summary>
    public static bool IsRevision(string revision) =>
        revision.Length is > 0 and <= LongestRevision
        && revision.All(c => !char.IsControl(c) && !char.IsWhiteSpace(c))
        && IsInside(revision);

    /// <summary>Whether a path stays below the folder that it starts in, however it is read.</summary>
    public static bool IsInside(string path) =>
        path.Length is > 0 and <= LongestPath
        && !path.Contains('\0', StringComparison.Ordinal)
        && path.Split('/').All(part => part is not ("" or "." or ".."))
        && path.Split('/', '\\').All(part => part != "..");

    internal static bool IsCommit(string text) => Commit().IsMatch(text);

    internal static bool IsSha256(string text) => Sha256().IsMatch(text);

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95})?\z")]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Commit();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex Sha256();
}
