namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Files that a command writes at its end.</summary>
internal static class OutputFile
{
    /// <summary>Finds a file that could not be written, before the work is done.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">Null where the option was not given.</param>
    /// <exception cref="UsageException">It is a folder, or its folder does not exist.</exception>
    public static void Check(string option, string? path)
    {
        if (path is not null && (Directory.Exists(path) || Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder)))
        {
            throw new UsageException($"{option}: {path} is a folder, or is in a folder that does not exist. Name a file in an existing folder.");
        }
    }
}
