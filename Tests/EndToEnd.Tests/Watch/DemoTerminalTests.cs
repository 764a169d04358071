namespace MobileVlm.Edge.EndToEnd.Tests.Watch;

/// <summary>The demo on a real terminal.</summary>
public sealed class DemoTerminalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-demo-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_demo_fits_the_terminal_after_each_resize_and_restores_it_at_the_end()
    {
        await using var terminal = Terminal.Start(80, 24, new Dictionary<string, string> { ["XDG_CACHE_HOME"] = _folder }, "demo", "--speed", "8");
        var compact = await terminal.UntilAsync(
            screen => HasEvent(screen) && screen.Any(line => line.EndsWith("reused", StringComparison.Ordinal)), "an event and a reused answer");
        Assert.Equal("MobileVlm.Edge demo: a toy model watches a bundled clip", compact[0]);
        Assert.All(["person", "gate_open", "night", "dog", "package", "smoke", "people", "cars", "light", "summary", "scene"], id =>
            Assert.Single(compact, line => line.StartsWith(id + " ", StringComparison.Ordinal)));
        Assert.Contains("Ctrl+C stops the demo.", compact);
        Assert.DoesNotContain(compact, line => line.Contains(" 0.0 ms", StringComparison.Ordinal));

        terminal.Resize(120, 40);
        var wide = await terminal.UntilAsync(screen => screen.Any(line => line.StartsWith('╭')) && HasEvent(screen), "the wide layout");
        Assert.All(["Is there a person?", "Describe the scene."], ask => Assert.Single(wide, line => line.Contains(ask, StringComparison.Ordinal)));
        Assert.Single(wide, line => line.StartsWith("MobileVlm.Edge demo", StringComparison.Ordinal));
        Assert.Contains("Ctrl+C stops the demo.", wide);

        terminal.Resize(30, 8);
        var small = await terminal.UntilAsync(screen => screen[^1].StartsWith("Ctrl+C", StringComparison.Ordinal), "the smallest layout");
        Assert.True(small.Count <= 8);

        terminal.Resize(120, 40);
        await terminal.UntilAsync(screen => screen.Any(line => line.StartsWith('╭')), "the wide layout again");
        terminal.Interrupt();
        var after = await terminal.ShowsAsync("exit code 0");
        Assert.Contains(after, line => line.Contains("answers about", StringComparison.Ordinal));
        Assert.Contains(after, line => line.Contains("Describe the scene.", StringComparison.Ordinal));
    }

    private static bool HasEvent(IReadOnlyList<string> screen) => screen.Any(line => line.Contains("Person at the gate: ", StringComparison.Ordinal));
}
