namespace MobileVlm.Edge.EndToEnd.Tests.Cli;

/// <summary>What a shell asks the program for while a user types.</summary>
public sealed class ShellCompletionTests
{
    [Theory]
    [InlineData("mobilevlm mod", "model")]
    [InlineData("mobilevlm model im", "import")]
    [InlineData("mobilevlm init --ht", "--http")]
    public async Task An_unfinished_line_is_completed_and_is_no_error(string line, string expected)
    {
        var (code, output, errors) = await EdgeProcess.RunAsync($"[suggest:{line.Length}]", line);
        Assert.True(code == 0, errors);
        Assert.Contains(expected, output.Split('\n'));
        Assert.Empty(errors);
    }
}
