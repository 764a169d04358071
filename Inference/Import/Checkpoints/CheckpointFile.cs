using Microsoft.Win32.SafeHandles;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>One file of weights, read in place by offset, so that a shard of several gigabytes costs no memory.
/// Reading is thread-safe. Every failure is a <see cref="CheckpointException"/> that names the file.</summary>
internal sealed class CheckpointFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private CheckpointFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    public string Path { get; }

    /// <summary>Length in bytes when the file was opened.</summary>
    public long Length { get; }

    public static CheckpointFile Open(string path)
    {
        try
        {
            return new CheckpointFile(path, System.IO.File.OpenHandle(path));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CheckpointException(path, $"cannot be opened: {cause.Message}", cause);
        }
    }

    /// <summary>Fills all of <paramref name="destination"/> or throws; never returns short data.</summary>
    public void ReadExactly(long offset, Span<byte> destination)
    {
        if (offset < 0 || destination.Length > Length - offset)
        {
            throw Truncated($"{destination.Length} bytes are needed at {offset}, but it has only {Length}");
        }

        try
        {
            while (destination.Length > 0)
            {
                var read = RandomAccess.Read(_handle, destination, offset);
                if (read == 0)
                {
                    throw Truncated("it became shorter while it was read");
                }

                destination = destination[read..];
                offset += read;
            }
        }
        catch (IOException cause)
        {
            throw new CheckpointException(Path, $"cannot be read at byte {offset}: {cause.Message}", cause);
        }
    }

    public CheckpointException Error(string problem) => new(Path, problem);

    public CheckpointException Truncated(string evidence) =>
        Error($"is truncated ({evidence}). Download it again.");

    public void Dispose() => _handle.Dispose();
}
