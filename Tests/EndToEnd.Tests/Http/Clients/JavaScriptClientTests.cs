using System.Diagnostics;
using System.Text;

namespace MobileVlm.Edge.EndToEnd.Tests.Http.Clients;

/// <summary>The npm packages <c>openai</c> and <c>ollama</c> against the service, with Node.js: <c>Tests/Clients</c>.</summary>
[Collection(ClientTests.Name)]
public sealed class JavaScriptClientTests(ClientService service)
{
    private static readonly Lazy<string> Folder = new(Install);

    [NodeTheory]
    [InlineData("openai.mjs", 7)]
    [InlineData("ollama.mjs", 5)]
    public async Task A_package_is_answered_as_its_users_expect(string script, int tests)
    {
        var (code, output) = await RunAsync("node", ["--test-reporter=tap", Path.Combine(Folder.Value, script)], new()
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

    /// <summary>Installs the pinned packages where they are not there yet; their install scripts do not run.</summary>
    private static string Install()
    {
        var folder = Path.Combine(DemoModel.Repository, "Tests", "Clients");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            var (code, output) = RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder], []).GetAwaiter().GetResult();
            Assert.True(code == 0, $"'npm ci' failed in {folder}:\n{output}");
        }

        return folder;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, output.ToString());

        void Append(object? sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.Append(line.Data).Append('\n');
            }
        }
    }
}

/// <summary>A test that needs Node.js and npm.</summary>
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute()
    {
        if (!Has("node") || !Has("npm"))
        {
            Skip = "Node.js or npm is not installed; Tests/run.sh installs them (packages nodejs, npm).";
        }
    }

    private static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
