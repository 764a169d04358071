using System.Text;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>A secret in a separate file, so that it is neither in the configuration nor in the process list.</summary>
public static class SecretFile
{
    private const int MaxBytes = 64 * 1024;
    private const string Credentials = "/run/credentials/";

    /// <summary>Reads the first line, without its line end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">What is wrong, as the rest of a sentence that begins with the file, without a full stop; null if nothing
    /// is.</param>
    /// <returns>Null if it cannot be used.</returns>
    public static string? ReadLine(string path, out string? fault)
    {
        try
        {
            using var reader = new StreamReader(new MemoryStream(FileSteps.ReadBounded(path, MaxBytes)), new UTF8Encoding(false, throwOnInvalidBytes: true));
            var line = reader.ReadLine() is { Length: > 0 } first ? first : null;
            fault = line is null ? "has an empty first line; write the secret there" : null;
            return line;
        }
        catch (InvalidDataException)
        {
            fault = $"is longer than {MaxBytes / 1024} KiB, which is too long for a secret";
        }
        catch (DecoderFallbackException)
        {
            fault = "is not UTF-8 text";
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            fault = "does not exist";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"could not be read: {e.Message}";
        }

        return null;
    }

    /// <summary>Whether a path is that of a credential, which systemd hands to a unit.</summary>
    public static bool IsCredential(string path) =>
        Path.IsPathFullyQualified(path) && Path.GetFullPath(path).StartsWith(Credentials, StringComparison.Ordinal);

    /// <summary>Whether others than the owner can read or write the file. False where that is not known.</summary>
    public static bool IsOpenToOthers(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        try
        {
            // systemd lends credentials through an access list, which shows as a group bit that opens nothing.
            return (File.GetUnixFileMode(path) & (IsCredential(path) ? Others : Group | Others)) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The reader of the file reports this better.
            return false;
        }
    }
}
