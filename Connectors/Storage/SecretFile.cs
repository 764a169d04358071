using System.Text;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Result of reading a password: the password or an error, exactly one of the two.</summary>
internal readonly record struct PasswordRead(string? Password, string? Fault);

/// <summary>A secret in a separate file, so that it is neither in the configuration nor in the process list.</summary>
internal static class PasswordFile
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>The first line, without its line end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The setting that names it, for messages.</param>
    public static PasswordRead Read(string path, string key = "Mqtt:PasswordFile")
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

    /// <summary>Whether others than the owner can read the file. False where that is not known.</summary>
    public static bool IsOpenToOthers(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            var mode = File.GetUnixFileMode(path);

            // systemd lends credentials through an access list, which shows as a group bit that opens nothing.
            var suspicious = Path.GetFullPath(path).StartsWith("/run/credentials/", StringComparison.Ordinal)
                ? UnixFileMode.OtherRead
                : UnixFileMode.OtherRead | UnixFileMode.GroupRead;
            return (mode & suspicious) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The reader of the file reports this better.
            return false;
        }
    }
}
