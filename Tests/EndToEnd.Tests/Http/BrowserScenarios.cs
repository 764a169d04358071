using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Runs the scenarios of <c>Tests/Browser</c> with Node.js in headless Chromium.</summary>
internal sealed class BrowserScenarios : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly Lazy<string> Installed = new(Install);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private BrowserScenarios(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What was printed until now.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts scenarios, one after the other.</summary>
    /// <param name="options">What they need.</param>
    /// <param name="scenarios">Functions of <c>scenarios.mjs</c>.</param>
    public static BrowserScenarios Start(JsonObject options, params string[] scenarios)
    {
        options["browser"] = BrowserFactAttribute.Browser;
        return new BrowserScenarios(Process.Start(Node("node", [Path.Combine(Installed.Value, "run.mjs"), options.ToJsonString(), .. scenarios]))!);
    }

    /// <summary>Waits until a line was printed.</summary>
    public Task PrintsAsync(string line) => Eventually.TrueAsync(
        () => _process.HasExited ? throw new InvalidOperationException($"The scenario ended without '{line}'.\n{Output}") : Output.Split('\n').Contains(line),
        $"the scenario prints '{line}'",
        Patience,
        () => Output);

    /// <summary>Writes a line to the scenario.</summary>
    public void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // With the browser, which is its child.
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    /// <summary>Installs the pinned packages where they are not there yet. Install scripts do not run: they would download a
    /// browser.</summary>
    private static string Install()
    {
        var folder = Path.Combine(DemoModel.Repository, "Tests", "Browser");
        var lockFile = Path.Combine(folder, "package-lock.json");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(lockFile))
        {
            using var npm = Process.Start(Node("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder]))!;
            var errors = npm.StandardError.ReadToEndAsync();
            var output = npm.StandardOutput.ReadToEnd();
            npm.WaitForExit();
            Assert.True(npm.ExitCode == 0, $"'npm ci' failed in {folder}:\n{output}\n{errors.Result}");
        }

        return folder;
    }

    private static ProcessStartInfo Node(string program, IEnumerable<string> arguments) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private void Append(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Append(line).Append('\n');
            }
        }
    }
}

/// <summary>A test that needs Node.js, npm and Chromium.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Missing() is { } missing)
        {
            Skip = $"{missing} is not installed; Tests/run.sh installs it (packages chromium, nodejs, npm).";
        }
    }

    /// <summary>The browser's program; null if there is none.</summary>
    public static string? Browser { get; } = Find("chromium") ?? Find("chromium-browser") ?? Find("google-chrome");

    private static string? Missing() =>
        Browser is null ? "Chromium" : Find("node") is null ? "Node.js" : Find("npm") is null ? "npm" : null;

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
