using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests.Packaging;

/// <summary>The manual page and the shell completion of the packages.</summary>
public sealed partial class ManualPageTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "Deploy", "packaging", "shell");

    [Fact]
    public void The_manual_page_lists_every_command_and_no_other()
    {
        var contract = File.ReadLines(Path.Combine(Repository.Root, "Tests", "Fixtures", "contracts", "command-line.txt"))
            .Select(line => Usage().Match(line)).Where(it => it.Success).Select(it => it.Groups[1].Value).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(contract);

        var page = File.ReadAllText(Path.Combine(Folder, "mobilevlm.1"));
        var commands = page[page.IndexOf(".SH COMMANDS", StringComparison.Ordinal)..page.IndexOf(".SH FILES", StringComparison.Ordinal)];
        var listed = commands.Split('\n').Where(line => line.StartsWith(".B ", StringComparison.Ordinal))
            .SelectMany(line => line[3..].Split(", ")).Order(StringComparer.Ordinal).ToList();

        // 'config' and 'model' only group others.
        Assert.Equal(contract.Where(name => !contract.Any(other => other.StartsWith($"{name} ", StringComparison.Ordinal))), listed);
    }

    [Fact]
    public void The_completion_asks_the_program_and_falls_back_to_files()
    {
        const string Script = """
            set -eu
            cd "$2"
            mobilevlm() { [ "$1" = "[suggest:13]" ] && [ "$2" = "mobilevlm mod" ] && printf 'model\ndemo\n'; }
            source "$1"
            COMP_LINE='mobilevlm mod' COMP_POINT=13 COMP_WORDS=(mobilevlm mod) COMP_CWORD=1
            _mobilevlm; echo "${COMPREPLY[@]}"
            COMP_LINE='mobilevlm scan vid' COMP_POINT=18 COMP_WORDS=(mobilevlm scan vid) COMP_CWORD=2
            _mobilevlm; echo "${COMPREPLY[@]}"
            """;
        var folder = Directory.CreateTempSubdirectory("mobilevlm-completion-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "video.mp4"), "");
            var (code, output, errors) = ShellScript.RunTool(
                "bash", "-c", Script, "completion", Path.Combine(Folder, "mobilevlm.bash"), folder.FullName);
            Assert.True(code == 0, errors);
            Assert.Equal("model\nvideo.mp4", output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex("^mobilevlm ([a-z -]+): usage ")]
    private static partial Regex Usage();
}
