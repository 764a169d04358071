namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>A secret that systemd hands to the service in a folder of memory that nobody else can read.</summary>
internal static class SystemdCredential
{
    private const string Prefix = "credential:";
    private const string FolderVariable = "CREDENTIALS_DIRECTORY";

    /// <summary>The folder in which systemd puts the service's credentials; root's <c>doctor</c> finds those of the running service
    /// there.</summary>
    private const string FolderOfTheService = "/run/credentials/mobilevlm.service";

    /// <summary>The file that <c>credential:NAME</c> names; any other value unchanged. Does not check that the file exists.</summary>
    public static string? Resolve(string? file, IReadOnlyDictionary<string, string> environment)
    {
        if (file is null || !file.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return file;
        }

        var folder = environment.GetValueOrDefault(FolderVariable) is { Length: > 0 } folderOfThisUnit ? folderOfThisUnit : FolderOfTheService;
        return Path.Combine(folder, Path.GetFileName(file[Prefix.Length..]));
    }
}
