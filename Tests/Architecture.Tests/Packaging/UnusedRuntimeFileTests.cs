using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests.Packaging;

/// <summary>The parts of the runtime that packages leave out.</summary>
public sealed class UnusedRuntimeFileTests
{
    private static readonly string[] Frameworks =
    [
        Path.GetDirectoryName(typeof(object).Assembly.Location)!,
        Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Builder.WebApplication).Assembly.Location)!,
    ];

    [Fact]
    public void No_assembly_of_the_service_needs_one_that_is_left_out()
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "Deploy", "MobileVlm.Edge.Deploy.csproj"));
        var unused = new Regex(Assert.Single(project.Descendants("UnusedRuntimeFiles")).Value, RegexOptions.CultureInvariant);
        Assert.Contains(Frameworks.SelectMany(folder => Directory.GetFiles(folder)), file => unused.IsMatch(Path.GetFileName(file)));

        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var open = new Queue<(string Name, string By)>(Assemblies().Select(name => (name, "the service")));
        while (open.TryDequeue(out var next))
        {
            if (found.TryAdd(next.Name, next.By) && Find(next.Name) is { } file)
            {
                References(file).ForEach(name => open.Enqueue((name, next.Name)));
            }
        }

        // The walk reached both frameworks.
        Assert.Contains("System.Private.CoreLib", found.Keys);
        Assert.Contains("Microsoft.AspNetCore.Server.Kestrel.Core", found.Keys);
        Assert.DoesNotContain(found, it => unused.IsMatch(it.Key + ".dll"));
    }

    private static IEnumerable<string> Assemblies()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "mobilevlm.deps.json")));
        foreach (var target in manifest.RootElement.GetProperty("targets").EnumerateObject())
        {
            foreach (var library in target.Value.EnumerateObject())
            {
                if (library.Value.TryGetProperty("runtime", out var files))
                {
                    foreach (var file in files.EnumerateObject())
                    {
                        yield return Path.GetFileNameWithoutExtension(file.Name);
                    }
                }
            }
        }
    }

    private static string? Find(string name) =>
        new[] { AppContext.BaseDirectory }.Concat(Frameworks).Select(folder => Path.Combine(folder, name + ".dll")).FirstOrDefault(File.Exists);

    private static List<string> References(string file)
    {
        using var image = new PEReader(File.OpenRead(file));
        if (!image.HasMetadata)
        {
            return [];
        }

        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
