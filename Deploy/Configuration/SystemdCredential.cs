namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>A secret that systemd hands to the service in a folder of memory that nobody else can read.</summary>
internal static class SystemdCredential
{
    private const string Prefix = "credential:";
    private const string FolderVariable = "CREDENTIALS_DIRECTORY";

    /// <summary>Where systemd puts them: 'doctor' run by root finds those of the running service there.</summary>
    private const string FolderOfTheService = "/run/credentials/mobilevlm.service";

    /// <summary>Whether a resolved path is a credential of a unit.</summary>
    public static bool IsOne(string path) => path.StartsWith("/run/credentials/", StringComparison.Ordinal);

    /// <summary>The file that <c>credential:NAME</c> names; anything else as it is. Whether it exists is for the reader
    /// to find.</summary>
    public static string? Resolve(string? file, IReadOnlyDictionary<string, string> environment)
    {
        if (file is null || !file.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return file;
        }

        var folder = environment.GetValueOrDefault(FolderVariable) is { Length: > 0 } lent ? lent : FolderOfTheService;
        return Path.Combine(folder, Path.GetFileName(file[Prefix.Length..]));
    }
}
