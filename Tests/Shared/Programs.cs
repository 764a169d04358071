using System.Diagnostics;
using System.Text;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Programs of the machine that tests run.</summary>
internal static class Programs
{
    /// <summary>Finds a program in <c>PATH</c>.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="others">Folders that are searched after those of <c>PATH</c>.</param>
    /// <returns>Its path; null if it is not installed.</returns>
    public static string? Find(string program, params string[] others) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(others)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end. Both of its outputs are read together.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="within">The limit; the program and its children are killed at it.</param>
    /// <param name="environment">Variables added to this process's own.</param>
    /// <exception cref="TimeoutException">It did not end in time; the message has what it printed.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan within, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(within);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{program} {string.Join(' ', start.ArgumentList)}' did not end within {within.TotalSeconds:0} s. It printed:\n{Printed()}");
        }

        return (process.ExitCode, Printed());

        string Printed()
        {
            lock (output)
            {
                return output.ToString();
            }
        }

        void Append(object? sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                lock (output)
                {
                    output.Append(line.Data).Append('\n');
                }
            }
        }
    }
}
