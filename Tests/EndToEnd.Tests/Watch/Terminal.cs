using System.Diagnostics;
using System.Globalization;

namespace MobileVlm.Edge.EndToEnd.Tests.Watch;

/// <summary>Runs the built <c>mobilevlm</c> in a terminal: tmux draws its output, so a test sees the same screen as a user and can
/// type like a user.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private readonly string _socket;

    private Terminal(string socket) => _socket = socket;

    /// <summary>Starts a command.</summary>
    /// <param name="width">The number of columns.</param>
    /// <param name="height">The number of rows.</param>
    /// <param name="environment">Environment variables to set in addition to the path and the locale.</param>
    /// <param name="arguments">The arguments after <c>mobilevlm</c>.</param>
    public static Terminal Start(int width, int height, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var terminal = new Terminal($"mobilevlm-{Guid.NewGuid():N}");
        string[] command =
        [
            "env", "LC_ALL=C.UTF-8", "ORT_DISABLE_TELEMETRY=1", .. environment.Select(it => $"{it.Key}={it.Value}"),
            "dotnet", Path.Combine(AppContext.BaseDirectory, "mobilevlm.dll"), .. arguments,
        ];

        // The exit code is printed, and the terminal stays open so that the screen can be read.
        var line = $"{string.Join(' ', command.Select(Quote))}; echo \"exit code $?\"; sleep 600";
        terminal.Run("-f", "/dev/null", "new-session", "-d", "-x", Text(width), "-y", Text(height), line);
        return terminal;
    }

    /// <summary>The current lines on the screen, without spaces at their ends.</summary>
    public IReadOnlyList<string> Screen() => Run("capture-pane", "-p").TrimEnd('\n').Split('\n');

    public void Resize(int width, int height) => Run("resize-window", "-x", Text(width), "-y", Text(height));

    /// <summary>Types a text and the Enter key.</summary>
    public void Type(string text)
    {
        if (text.Length > 0)
        {
            Run("send-keys", "-l", "--", text);
        }

        Run("send-keys", "Enter");
    }

    public void Interrupt() => Run("send-keys", "C-c");

    /// <summary>Waits until the screen meets a condition.</summary>
    public async Task<IReadOnlyList<string>> UntilAsync(Func<IReadOnlyList<string>, bool> condition, string what)
    {
        IReadOnlyList<string> screen = [];
        await Eventually.TrueAsync(
            () => condition(screen = Screen()), $"the screen shows {what}", state: () => string.Join('\n', screen));
        return screen;
    }

    /// <summary>Waits until a line contains a text.</summary>
    public Task<IReadOnlyList<string>> ShowsAsync(string text) =>
        UntilAsync(screen => screen.Any(line => line.Contains(text, StringComparison.Ordinal)), $"'{text}'");

    public ValueTask DisposeAsync()
    {
        Run("kill-server");
        return ValueTask.CompletedTask;
    }

    private string Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("tmux", ["-L", _socket, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"tmux {string.Join(' ', arguments)}: {errors}");
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
