namespace MobileVlm.Edge.Connectors.Outbox;

/// <summary>A file that holds room on the disk. On a full one even deleting needs some: the file is given up for that and
/// made again when there is room.</summary>
internal sealed class OutboxReserve(string path, int bytes)
{
    private readonly string _path = $"{path}.reserve";

    /// <summary>Makes the file if it is not there. A disk without room for it is no fault here.</summary>
    /// <returns>Whether the room is held.</returns>
    public bool TryHold()
    {
        if (bytes == 0)
        {
            return false;
        }

        try
        {
            if (File.Exists(_path) && new FileInfo(_path).Length == bytes)
            {
                return true;
            }

            // Written and not only given a length: a file of holes holds nothing.
            File.WriteAllBytes(_path, new byte[bytes]);
            return true;
        }
        catch (IOException)
        {
            Release();
            return false;
        }
    }

    /// <returns>Whether room was given back.</returns>
    public bool Release()
    {
        try
        {
            var held = File.Exists(_path);
            File.Delete(_path);
            return held;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
