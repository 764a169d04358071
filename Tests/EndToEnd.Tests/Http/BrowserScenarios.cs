using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Runs the scenarios of <c>Tests/Browser</c> with Node.js in headless Chromium.</summary>
internal sealed class BrowserScenarios : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly Lazy<string> Installed = new(() => NodePackages.Install("Browser"));

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
    /// <exception cref="TimeoutException">The scenarios did not end; the message has what they printed.</exception>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The scenarios did not end within {Patience.TotalSeconds:0} s. They printed:\n{Output}");
        }

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
    public static string? Browser { get; } = Programs.Find("chromium") ?? Programs.Find("chromium-browser") ?? Programs.Find("google-chrome");

    private static string? Missing() => Browser is null ? "Chromium" : NodePackages.Missing;
}
