namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Packages of npm that a folder of the repository pins.</summary>
internal static class NodePackages
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>What is missing to use them; null if nothing is.</summary>
    public static string? Missing { get; } = Programs.Find("node") is null ? "Node.js" : Programs.Find("npm") is null ? "npm" : null;

    /// <summary>Installs the packages of a folder below <c>Tests</c> where they are not there yet. Install scripts do not run.</summary>
    /// <returns>The folder's path.</returns>
    public static string Install(string name)
    {
        var folder = Path.Combine(DemoModel.Repository, "Tests", name);
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            var (code, output) = Programs.RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder], Patience).GetAwaiter().GetResult();
            Assert.True(code == 0, $"'npm ci' failed in {folder}:\n{output}");
        }

        return folder;
    }
}
