namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Finds the documentation pages of this installation, so that a message never names a missing page.</summary>
internal static class DocumentationPages
{
    private const string Installed = "/usr/share/doc/mobilevlm";

    /// <summary>The page's path: in the installed package, or in the source tree in which the program was built.</summary>
    /// <returns>The path; null if the page is in neither.</returns>
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
