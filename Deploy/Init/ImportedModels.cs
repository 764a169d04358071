namespace MobileVlm.Edge.Deploy.Init;

/// <summary>The imported models on this machine.</summary>
internal static class ImportedModels
{
    /// <summary>Finds models in the folders that the documentation uses; the demo's model is last.</summary>
    /// <param name="folder">The folder of the configuration, whose subfolder <c>models</c> is searched first.</param>
    public static List<string> Find(string folder)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named : Path.Combine(home, ".cache");
        return
        [
            .. ((string[])[Path.Combine(folder, "models"), Path.Combine(home, "models"), "/var/lib/mobilevlm/models", Path.Combine(cache, "mobilevlm")])
                .Distinct()
                .Where(Directory.Exists)
                .SelectMany(Subfolders)
                .Where(model => File.Exists(Path.Combine(model, "model.json"))),
        ];

        static string[] Subfolders(string parent)
        {
            try
            {
                return Directory.GetDirectories(parent);
            }
            catch (UnauthorizedAccessException)
            {
                return [];
            }
        }
    }
}
