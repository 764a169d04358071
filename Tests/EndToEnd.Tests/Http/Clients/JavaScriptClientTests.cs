namespace MobileVlm.Edge.EndToEnd.Tests.Http.Clients;

/// <summary>The npm packages <c>openai</c> and <c>ollama</c> against the service, with Node.js: <c>Tests/Clients</c>.</summary>
[Collection(ClientTests.Name)]
public sealed class JavaScriptClientTests(ClientService service)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Lazy<string> Folder = new(() => NodePackages.Install("Clients"));

    [NodeTheory]
    [InlineData("openai.mjs", 7)]
    [InlineData("ollama.mjs", 5)]
    public async Task A_package_is_answered_as_its_users_expect(string script, int tests)
    {
        var (code, output) = await Programs.RunAsync("node", ["--test-reporter=tap", Path.Combine(Folder.Value, script)], Patience, new Dictionary<string, string>
        {
            ["ADDRESS"] = service.Address.GetLeftPart(UriPartial.Authority),
            ["MODEL"] = service.Model,
            ["TOKEN"] = ClientService.FullToken,
            ["READ_TOKEN"] = ClientService.ReadToken,
            ["PICTURE"] = ClientService.PictureFile,
            ["DESCRIPTION"] = ClientService.Description,
            ["SCHEMA"] = ClientService.Schema,
            ["FILLED"] = ClientService.Filled,
        });
        Assert.True(code == 0, output);
        Assert.Contains($"# pass {tests}\n", output, StringComparison.Ordinal);
    }
}

/// <summary>A test that needs Node.js and npm.</summary>
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute()
    {
        if (NodePackages.Missing is { } missing)
        {
            Skip = $"{missing} is not installed; Tests/run.sh installs it (packages nodejs, npm).";
        }
    }
}
