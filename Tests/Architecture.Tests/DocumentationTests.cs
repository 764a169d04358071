using System.Reflection;
using System.Xml.Linq;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>Whoever opens a room from outside reads what each of its types is for.</summary>
public sealed class DocumentationTests
{
    [Theory]
    [InlineData("Inference")]
    [InlineData("Connectors")]
    [InlineData("Actors")]
    public void Every_public_type_says_what_it_is(string room)
    {
        var assembly = Assembly.Load($"MobileVlm.Edge.{room}");
        var documentation = XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml"))
            .Descendants("member").ToDictionary(m => m.Attribute("name")!.Value);
        var silent = assembly.GetExportedTypes()
            .Select(type => type.FullName!.Replace('+', '.'))
            .Where(name => !documentation.TryGetValue($"T:{name}", out var member) || !SaysSomething(member));
        Assert.Empty(silent);
    }

    /// <summary>A summary, or for a small record what each of its values is.</summary>
    private static bool SaysSomething(XElement member) =>
        member.Element("summary")?.Value.Trim().Length > 0 || member.Elements("param").Any(p => p.Value.Trim().Length > 0);
}
