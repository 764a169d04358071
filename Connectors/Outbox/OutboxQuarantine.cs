using System.Globalization;

namespace MobileVlm.Edge.Connectors.Outbox;

/// <summary>Moves a damaged database out of the way, for whoever wants to read it. Only the last one is kept: a disk that
/// damages files again and again must not be filled with them.</summary>
internal static class OutboxQuarantine
{
    private static readonly string[] Parts = ["", "-wal", "-shm", "-journal"];

    /// <returns>The new name.</returns>
    public static string SetAside(string path, DateTimeOffset now)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var old in Directory.GetFiles(folder, $"{Path.GetFileName(path)}.damaged-*"))
        {
            File.Delete(old);
        }

        var aside = $"{path}.damaged-{now.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture)}";
        foreach (var part in Parts)
        {
            if (File.Exists(path + part))
            {
                File.Move(path + part, aside + part, overwrite: true);
            }
        }

        return aside;
    }
}
