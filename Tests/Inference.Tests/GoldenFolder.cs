namespace MobileVlm.Edge.Inference.Tests;

/// <summary>Finds Tests/Golden wherever the tests were built.</summary>
internal static class GoldenFolder
{
    private static readonly string Root = Find();

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "MobileVlm.Edge.sln")))
            {
                return System.IO.Path.Combine(folder.FullName, "Tests", "Golden");
            }
        }

        throw new DirectoryNotFoundException($"No MobileVlm.Edge.sln above {AppContext.BaseDirectory}.");
    }
}
