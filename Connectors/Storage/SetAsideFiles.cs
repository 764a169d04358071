using System.Globalization;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Moves a database that cannot be used out of the way, so that it can be examined. Only the last one of a kind is
/// kept: a disk that damages files again and again must not be filled with them.</summary>
internal static class SetAsideFiles
{
    private const int MostNames = 10;

    private static readonly string[] Parts = ["-wal", "-shm", "-journal", ""];

    /// <returns>The new name.</returns>
    /// <exception cref="IOException">The folder does not allow it; then the database is where it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static string SetAside(string path, DateTimeOffset now, string label)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var earlier = Directory.GetFiles(folder, $"{Path.GetFileName(path)}.{label}-*");
        var aside = FreeName($"{path}.{label}-{now.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture)}");

        // The database last: as long as it is there, another try can begin again.
        foreach (var part in Parts)
        {
            if (part.Length == 0 || File.Exists(path + part))
            {
                File.Move(path + part, aside + part, overwrite: true);
            }
        }

        foreach (var old in earlier)
        {
            TryDelete(old);
        }

        return aside;
    }

    private static string FreeName(string preferred) => Enumerable.Range(1, MostNames)
        .Select(number => number == 1 ? preferred : string.Create(CultureInfo.InvariantCulture, $"{preferred}-{number}"))
        .FirstOrDefault(name => Parts.All(part => !Path.Exists(name + part))) ?? $"{preferred}-{Guid.NewGuid():N}";

    // The space that an old one takes does less harm than a database that cannot be replaced.
    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _ = fault;
        }
    }
}
