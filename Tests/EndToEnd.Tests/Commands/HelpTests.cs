namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary>How the program explains itself on the command line.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("Find problems: mobilevlm doctor", "help")]
    [InlineData("mobilevlm model import <SOURCE> <DIR> [options]", "help", "model", "import")]
    public async Task Help_is_a_command_too(string expected, params string[] command)
    {
        var help = await EdgeProcess.RunAsync(command);
        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
        Assert.Contains(expected, help.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_of_an_import_explains_in_short_lines()
    {
        var help = await EdgeProcess.RunAsync("model", "import", "--help");
        Assert.All(help.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 300));
    }
}
