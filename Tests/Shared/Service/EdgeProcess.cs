using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Tests.Shared.Service;

/// <summary>Runs the built <c>mobilevlm</c> in its own process, as users run it.</summary>
internal sealed partial class EdgeProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private EdgeProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Append(_output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(_errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static EdgeProcess Start(params string[] arguments) =>
        Start(new Dictionary<string, string>(), arguments);

    public static EdgeProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Start(environment, Path.GetTempPath(), arguments);

    /// <summary>Starts the program.</summary>
    /// <param name="environment">Variables added to this process's own; an empty value removes the variable.</param>
    /// <param name="workingDirectory">The folder in which relative paths start.</param>
    /// <param name="arguments">The arguments after <c>mobilevlm</c>.</param>
    public static EdgeProcess Start(IReadOnlyDictionary<string, string> environment, string workingDirectory, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "mobilevlm.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value.Length == 0 ? null : value;
        }

        return new EdgeProcess(Process.Start(start)!);
    }

    /// <summary>Runs the program to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using var program = Start(arguments);
        var code = await program.ExitAsync();
        return (code, program.Output, program.Errors);
    }

    /// <summary>Runs the program to its end from a shell, which applies redirections.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunShellAsync(string arguments)
    {
        var start = new ProcessStartInfo("sh")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "mobilevlm.dll")}' {arguments}");
        await using var program = new EdgeProcess(Process.Start(start)!);
        var code = await program.ExitAsync();
        return (code, program.Output, program.Errors);
    }

    /// <summary>Runs the program to its end with data on its standard input.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> PipeAsync(byte[] input, params string[] arguments)
    {
        await using var program = Start(arguments);
        await program._process.StandardInput.BaseStream.WriteAsync(input);
        program._process.StandardInput.Close();
        var code = await program.ExitAsync();
        return (code, program.Output, program.Errors);
    }

    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"mobilevlm is still running.\nOutput: {Output}\nErrors: {Errors}");
        }

        return _process.ExitCode;
    }

    /// <summary>Waits for a text on standard error.</summary>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    public Task LogsAsync(string text) => UntilAsync(() => Errors, text);

    /// <summary>Waits for a text on standard output.</summary>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    public Task PrintsAsync(string text) => UntilAsync(() => Output, text);

    /// <summary>Waits until the HTTP server listens; the model may still be loading.</summary>
    /// <returns>Its address, with a slash at its end.</returns>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    public async Task<Uri> HttpAddressAsync()
    {
        await LogsAsync("HTTP is at");
        return new Uri($"{HttpAddress().Match(Errors).Groups["address"].Value}/");
    }

    /// <summary>Waits until the service answers over HTTP.</summary>
    /// <returns>Its address, with a slash at its end.</returns>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    public async Task<Uri> ReadyAsync()
    {
        var address = await HttpAddressAsync();
        using var client = new HttpClient { BaseAddress = address };
        await Eventually.TrueAsync(
            async () =>
            {
                using var ready = await client.GetAsync(new Uri("readyz", UriKind.Relative));
                return ready.IsSuccessStatusCode;
            },
            "the service is ready",
            state: () => Errors);
        return address;
    }

    /// <summary>Kills the process (SIGKILL), like a power cut.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Sends SIGTERM, as systemd does.</summary>
    public void Terminate() => Signal("-TERM");

    /// <summary>Sends SIGHUP, as <c>systemctl reload</c> does.</summary>
    public void Hangup() => Signal("-HUP");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task UntilAsync(Func<string> written, string text)
    {
        await Eventually.TrueAsync(
            () => _process.HasExited || written().Contains(text, StringComparison.Ordinal),
            $"mobilevlm writes '{text}'",
            state: () => $"Output: {Output}\nErrors: {Errors}");

        // Output that was written before the end may be read only after it.
        if (_process.HasExited)
        {
            await _process.WaitForExitAsync();
        }

        if (!written().Contains(text, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"mobilevlm ended without '{text}'.\nOutput: {Output}\nErrors: {Errors}");
        }
    }

    private void Signal(string signal) =>
        Process.Start("kill", [signal, _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    [GeneratedRegex("HTTP is at (?<address>http://[^/ ]+)")]
    private static partial Regex HttpAddress();
}
