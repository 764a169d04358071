using System.Text.RegularExpressions;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>The worked examples of the documentation are accepted as they are.</summary>
public sealed partial class DocumentedExampleTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public static TheoryData<string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (Match match in Example().Matches(File.ReadAllText(ConfigurationFixture.RepositoryFile("Deploy", "docs", "examples.md"))))
            {
                examples.Add(match.Groups["heading"].Value, match.Groups["json"].Value);
            }

            return examples;
        }
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_is_accepted(string heading, string questions)
    {
        var problem = Record.Exception(() => _fixture.Read($$"""
            { "MobileVlm": { "Model": { "Path": "/models/a" }, "Mqtt": { "Broker": "embedded" },
              "Cameras": { "gate": { "Source": "pattern:", "Questions": {{questions}} } } } }
            """));

        Assert.True(problem is null, $"{heading}: {problem?.Message}");
    }

    [Fact]
    public void The_page_has_an_example_of_each_type_of_answer()
    {
        var page = File.ReadAllText(ConfigurationFixture.RepositoryFile("Deploy", "docs", "examples.md"));
        Assert.True(Example().Count(page) >= 7);
        Assert.All(Enum.GetNames<QuestionKind>(), kind => Assert.Contains($"\"Answer\": \"{kind}\"", page, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^## (?<heading>[^\n]+)\n(?:(?!^## )[^\n]*\n)*?```json\n(?<json>.*?)```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
