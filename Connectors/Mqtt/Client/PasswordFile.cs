using System.Text;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Result of reading a password: the password or an error, exactly one of the two.</summary>
internal readonly record struct PasswordRead(string? Password, string? Fault);

/// <summary>A secret in a separate file, so that it is neither in the configuration nor in the process list.</summary>
public static class PasswordFile
{
    private const int MaxBytes = 64 * 1024;
    private const string Credentials = "/run/credentials/";

    /// <summary>The first line, without its line end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The setting that names it, for messages.</param>
    internal static PasswordRead Read(string path, string key = "Mqtt:PasswordFile")
    {
        PasswordRead Failed(string what) => new(null, $"{key}: '{path}' {what}");

        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > MaxBytes)
            {
                return Failed($"is {file.Length} bytes long, which is too long for a password");
            }

            using var reader = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return reader.ReadLine() is { Length: > 0 } line
                ? new PasswordRead(line, null)
                : Failed("has an empty first line; write the password there");
        }
        catch (DecoderFallbackException)
        {
            return Failed("is not UTF-8 text");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed("does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Failed($"could not be read: {e.Message}");
        }
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
