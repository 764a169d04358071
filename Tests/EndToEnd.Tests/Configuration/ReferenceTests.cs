using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

public sealed class ReferenceTests
{
    [Fact]
    public void The_reference_agrees_with_the_options()
    {
        var path = ConfigurationFixture.RepositoryFile("Deploy", "docs", "configuration.md");
        using var writer = new StringWriter();
        ConfigurationReference.WriteMarkdown(writer);
        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == writer.ToString(),
            "Deploy/docs/configuration.md is out of date. Write it again: "
            + "dotnet run --project Tests/Tools/Documents -c Release -- configuration");
    }

    [Fact]
    public void The_reference_of_messages_agrees_with_the_schemas()
    {
        var page = File.ReadAllText(ConfigurationFixture.RepositoryFile("Deploy", "docs", "messages.md"));
        Assert.True(
            page == MessageReference.Page(ConfigurationFixture.RepositoryFile("Deploy", "docs", "schemas")),
            "Deploy/docs/messages.md is out of date. Write it again: dotnet run --project Tests/Tools/Documents -c Release -- messages");
    }

    [Fact]
    public void The_reference_names_every_key()
    {
        using var writer = new StringWriter();
        ConfigurationReference.WriteMarkdown(writer);

        Assert.All(Keys(typeof(EdgeOptions)), key => Assert.Contains($"| `{key}` |", writer.ToString(), StringComparison.Ordinal));
    }

    private static IEnumerable<string> Keys(Type options) => Setting.Of(options).SelectMany(
        setting => setting.IsLeaf ? [setting.Name] : Keys(setting.Type).Prepend(setting.Name));
}
