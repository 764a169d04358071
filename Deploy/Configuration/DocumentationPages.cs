namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Finds the pages that came with the program, so that a message never names one that is not there.</summary>
internal static class DocumentationPages
{
    private const string Installed = "/usr/share/doc/mobilevlm";

    /// <summary>The page's path: of the installed package, or in the source tree that the program was built in.</summary>
    /// <returns>Null where neither is.</returns>
    public static string? Find(string page) => Find(page, AppContext.BaseDirectory, Installed);

    internal static string? Find(string page, string program, string installed)
    {
        if (program.StartsWith("/usr/", StringComparison.Ordinal))
        {
            var path = Path.Combine(installed, page);
            return File.Exists(path) ? path : null;
        }

        for (var folder = new DirectoryInfo(program); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "Deploy", "docs", page);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
