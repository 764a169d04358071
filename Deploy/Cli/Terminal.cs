using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Writes messages for people to standard error.</summary>
internal static class Terminal
{
    public static IAnsiConsole Console { get; } = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(System.Console.Error),
    });

    public static void Info(string line) => System.Console.Error.WriteLine(line);

    /// <summary>Writes an error; not with the table library, which would break lines that users search for.</summary>
    public static void Error(string line)
    {
        Console.Markup("[red]error:[/] ");
        Info(line);
    }
}
