using System.CommandLine;
using System.CommandLine.Parsing;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>Finds the errors of a command line, with the name that was probably intended.</summary>
internal static class UsageErrors
{
    private const string Unrecognized = "Unrecognized command or argument";
    private const string Missing = "Required command was not provided.";

    /// <summary>The value names of arguments and options that name a file or folder.</summary>
    private static readonly string[] PathNames = ["DIR", "SOURCE", "FILE", "VIDEO"];

    /// <summary>Returns one line for each error; none if the command can be run.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var unmatched = parsed.UnmatchedTokens;

        // Only the name of a wrong command is reported: what follows belongs to the command that was intended.
        if (command.Subcommands.Count > 0 && unmatched.Count > 0)
        {
            return [Describe(unmatched[0], command)];
        }

        return
        [
            .. EmptyValues(parsed),
            .. SwallowedOptions(parsed).Select(token => Describe(token, command)),
            .. unmatched.Select(token => Describe(token, command)),
            .. parsed.Errors.Select(error => error.Message)
                .Where(message => !message.StartsWith(Unrecognized, StringComparison.Ordinal))
                .Select(message => message == Missing ? $"A command is missing. Known: {Names(command)}." : message),
        ];
    }

    /// <summary>Finds empty names, which usually come from a script variable that was not set.</summary>
    private static IEnumerable<string> EmptyValues(ParseResult parsed)
    {
        foreach (var result in parsed.CommandResult.Children)
        {
            var (name, what) = result switch
            {
                ArgumentResult { Argument.Name: var argument } => (argument, argument),
                OptionResult { Option: { HelpName: { } help } option } => (option.Name, help),
                _ => ("", ""),
            };
            if (PathNames.Contains(what) && result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            {
                yield return $"{name} is empty. Give a {(what == "DIR" ? "folder" : "file or folder")}, or leave it out where it is optional.";
            }
        }
    }

    /// <summary>Finds options that were parsed as a question, a prompt or a folder. After <c>--</c> such a token is an
    /// argument.</summary>
    private static IEnumerable<string> SwallowedOptions(ParseResult parsed)
    {
        var plain = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).ToList();
        return parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .Where(token => token.Value.StartsWith("--", StringComparison.Ordinal) && plain.Exists(it => ReferenceEquals(it, token)))
            .Select(token => token.Value);
    }

    private static string Describe(string token, Command command)
    {
        if (!token.StartsWith('-'))
        {
            return command.Subcommands.Count == 0
                ? $"'{token}' is one argument too many; 'mobilevlm{PathOf(command)}' takes {Arguments(command)}."
                : Suggest($"'{token}' is not a command", token, [.. command.Subcommands.Where(it => !it.Hidden).Select(it => it.Name)], Names(command));
        }

        var name = token.Split('=', ':')[0];
        var options = Options(command).ToList();
        var known = Suggest($"'{name}' is not an option of 'mobilevlm{PathOf(command)}'", name, options, string.Join(", ", options));
        return command.Arguments.Count == 0 ? known : $"{known} To pass it as text, write -- before it.";
    }

    private static string Suggest(string problem, string name, IReadOnlyList<string> known, string all) =>
        ClosestName.Of(name, known) is { } close ? $"{problem}. Did you mean '{close}'?" : $"{problem}. Known: {all}.";

    private static string Names(Command command) =>
        string.Join(", ", command.Subcommands.Where(it => !it.Hidden).Select(it => it.Name));

    private static string Arguments(Command command) => command.Arguments.Count == 0
        ? "none"
        : string.Join(" ", command.Arguments.Select(argument => argument.Name));

    private static IEnumerable<string> Options(Command command) => command.Options.Where(option => !option.Hidden)
        .Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)))
        .Select(option => option.Name).Where(name => name.StartsWith("--", StringComparison.Ordinal)).Distinct();

    /// <summary>The names of a command and its parents, each with a space before it.</summary>
    public static string PathOf(Command command) => command is RootCommand
        ? ""
        : $"{command.Parents.OfType<Command>().Select(PathOf).FirstOrDefault()} {command.Name}";
}
