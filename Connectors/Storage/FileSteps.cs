namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>The steps in which a file is replaced. Tests make single ones fail.</summary>
public class FileSteps
{
    /// <summary>Creates the folder, if it is not there.</summary>
    public virtual void CreateFolder(string folder) => Directory.CreateDirectory(folder);

    /// <summary>Creates or empties a file.</summary>
    public virtual Stream Create(string file) => new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Writes the bytes.</summary>
    public virtual void Write(Stream file, ReadOnlySpan<byte> content) => file.Write(content);

    /// <summary>Flushes its content to the disk.</summary>
    public virtual void Flush(Stream file) => ((FileStream)file).Flush(flushToDisk: true);

    /// <summary>Renames it, replacing the file that had the name.</summary>
    public virtual void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <summary>Flushes the names in a folder to the disk.</summary>
    public virtual void FlushFolder(string folder) => FileCalls.FlushFolder(folder);

    /// <summary>Replaces a file so that every reader, also after a power cut, finds the complete old or new content. A
    /// failure leaves the old content.</summary>
    /// <param name="file">Its path; its folder is created.</param>
    /// <param name="content">All of it.</param>
    /// <exception cref="IOException">A step failed. Only if it was the last one, the new content is in place
    /// already.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission is missing, or a folder is in the way.</exception>
    public void Replace(string file, ReadOnlySpan<byte> content)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        CreateFolder(folder);
        var draft = Draft(file);
        using (var stream = Create(draft))
        {
            Write(stream, content);

            // Otherwise a power cut may leave the new name with nothing in it.
            Flush(stream);
        }

        Rename(draft, file);
        FlushFolder(folder);
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="maxBytes">The largest length that is read.</param>
    /// <exception cref="InvalidDataException">It is larger.</exception>
    /// <exception cref="IOException">It is missing, cannot be read, or is not a file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadBounded(string path, long maxBytes)
    {
        // Opening a pipe would block until something writes to it.
        if (IsOtherThanFile(path))
        {
            throw new IOException("it is not a regular file");
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length > maxBytes)
        {
            throw new InvalidDataException($"it has {file.Length} bytes");
        }

        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    /// <summary>Renames a file that cannot be used, replacing one that was set aside before.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="label">What is added to the name: <c>damaged</c>.</param>
    /// <returns>Its new path.</returns>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be renamed.</exception>
    public static string SetAside(string path, string label)
    {
        var aside = $"{path}.{label}";
        File.Move(path, aside, overwrite: true);
        return aside;
    }

    /// <summary>Whether a folder, a pipe or a device has this name.</summary>
    public static bool IsOtherThanFile(string path) => FileIdentity.Of(path) is { IsRegularFile: false };

    // A folder, a link or a pipe may have the name of the draft.
    private static string Draft(string file)
    {
        var draft = $"{file}.new";
        return IsOtherThanFile(draft) || new FileInfo(draft).LinkTarget is not null
            ? $"{file}.{Guid.NewGuid():N}.new"
            : draft;
    }
}
