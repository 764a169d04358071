using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Contracts;

/// <summary>Reads the command line's own help: commands, arguments, options and defaults. Descriptions are left out, but each entry must
/// have one.</summary>
internal static partial class HelpText
{
    /// <summary>Reads the help of a command and of all its subcommands.</summary>
    public static async Task<IReadOnlyList<string>> ReadCommandsAsync(params string[] path)
    {
        var (code, output, errors) = await EdgeProcess.RunAsync([.. path, "--help"]);
        Assert.True(code == 0, $"{string.Join(' ', path)} --help ended with {code}: {errors}");
        var name = string.Join(' ', path.Prepend("mobilevlm"));
        var lines = new List<string>();
        var section = "";
        foreach (var line in output.Split('\n').Select(line => line.TrimEnd()))
        {
            if (line.Length > 0 && line[0] != ' ')
            {
                section = line;
            }
            else if (Entry().Match(line) is { Success: true } entry)
            {
                var what = entry.Groups["what"].Value;
                var description = entry.Groups["description"].Value;
                Assert.True(section is "Description:" or "Usage:" || description.Length > 0, $"{name}: '{what}' has no description.");
                var @default = Default().Match(description) is { Success: true } found ? $" = {found.Groups[1].Value}" : "";
                switch (section)
                {
                    case "Usage:":
                        lines.Add($"{name}: usage {line.Trim()}");
                        break;
                    case "Arguments:":
                        lines.Add($"{name}: argument {what}{@default}");
                        break;
                    case "Options:":
                        lines.Add($"{name}: option {what}{@default}");
                        break;
                    case "Commands:":
                        lines.AddRange(await ReadCommandsAsync([.. path, what.Split(' ')[0]]));
                        break;
                }
            }
        }

        Assert.NotEmpty(lines);
        return lines;
    }

    [GeneratedRegex(@"^  (?<what>\S.*?)(?:  +(?<description>.*))?$")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\[default: (.*)\]$")]
    private static partial Regex Default();
}
