namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>A file that reserves disk space. On a full disk even deleting needs some: the file is given up for that and
/// made again when there is space. It is a help only: nothing that happens to it is an error of the store.</summary>
internal sealed class SpaceReserve(string path, int bytes)
{
    private readonly string _path = $"{path}.reserve";

    /// <summary>Makes the file if it is not there.</summary>
    /// <returns>Whether the space is reserved.</returns>
    public bool TryHold()
    {
        // Opening a pipe would wait for its reader.
        if (bytes == 0 || FileIdentity.Of(_path) is { IsRegularFile: false })
        {
            return false;
        }

        try
        {
            if (FileIdentity.Of(_path) is { IsRegularFile: true } file && file.Length == bytes)
            {
                return true;
            }

            // Written and not only given a length: a file of holes holds nothing.
            File.WriteAllBytes(_path, new byte[bytes]);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Release();
            return false;
        }
    }

    /// <returns>Whether space was given back.</returns>
    public bool Release()
    {
        try
        {
            var held = File.Exists(_path);
            File.Delete(_path);
            return held;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
