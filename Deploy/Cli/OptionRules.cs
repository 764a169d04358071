using System.CommandLine;
using System.CommandLine.Parsing;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Rules for options. One that has no effect beside the others is refused instead of ignored.</summary>
internal static class OptionRules
{
    /// <summary>Adds an error unless a value is valid.</summary>
    public static void Require(this OptionResult result, bool isValid, string error)
    {
        if (!isValid)
        {
            result.AddError(error);
        }
    }

    /// <summary>Refuses an option without another one.</summary>
    public static void RequireWith(this Command command, Option option, Option other) =>
        command.Refuse(option, result => !result.Has(other), $"without {other.Name}. Add {other.Name}, or leave {option.Name} out.");

    /// <summary>Refuses an option beside another one.</summary>
    public static void RefuseWith(this Command command, Option option, Option other) =>
        command.Refuse(option, result => result.Has(other), $"with {other.Name}. Leave one of them out.");

    /// <summary>Refuses an option where it has no effect.</summary>
    /// <param name="command">Has the option.</param>
    /// <param name="option">The option.</param>
    /// <param name="isWithoutEffect">Whether it has no effect in a command line.</param>
    /// <param name="reason">What follows 'has no effect' in the message.</param>
    public static void Refuse(this Command command, Option option, Func<CommandResult, bool> isWithoutEffect, string reason) =>
        command.Validators.Add(result =>
        {
            if (result.Has(option) && isWithoutEffect(result))
            {
                result.AddError($"{option.Name} has no effect {reason}");
            }
        });

    /// <summary>Whether an argument was given.</summary>
    public static bool Has(this CommandResult result, Argument argument) => result.GetResult(argument) is { Tokens.Count: > 0 };

    /// <summary>Whether an option was given, a switch with 'false' excepted.</summary>
    public static bool Has(this CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false } given && (option is not Option<bool> || given.GetValueOrDefault<bool>());
}
