using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>Each public type of a library has a summary.</summary>
public sealed class DocumentationTests
{
    [Theory]
    [InlineData("Inference")]
    [InlineData("Connectors")]
    [InlineData("Actors")]
    public void Every_public_type_has_a_summary(string project)
    {
        var assembly = Repository.Assembly(project);
        var documentation = XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml"))
            .Descendants("member").ToDictionary(m => m.Attribute("name")!.Value);
        var undocumented = assembly.GetExportedTypes()
            .Select(type => type.FullName!.Replace('+', '.'))
            .Where(name => !documentation.TryGetValue($"T:{name}", out var member) || !IsDescribed(member));
        Assert.Empty(undocumented);
    }

    /// <summary>Whether there is a summary, or for a small record a description of a value.</summary>
    private static bool IsDescribed(XElement member) =>
        member.Element("summary")?.Value.Trim().Length > 0 || member.Elements("param").Any(p => p.Value.Trim().Length > 0);
}
