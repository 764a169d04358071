using System.Text;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary>Asks the user at the terminal. Questions and remarks go to standard error.</summary>
/// <param name="canAsk">Whether a user can answer; if not, each question has its default.</param>
/// <param name="cancel">Cancels a question that is not answered.</param>
internal sealed class InitConsole(bool canAsk, CancellationToken cancel)
{
    public bool CanAsk => canAsk;

    public static void WriteLine(string line) => Terminal.Info(line);

    /// <summary>Asks for a line.</summary>
    /// <param name="question">The question without a colon.</param>
    /// <param name="proposal">The answer for an empty line; null asks again.</param>
    /// <exception cref="OperationCanceledException">The user pressed Ctrl+C, or the input ended.</exception>
    public async Task<string> AskAsync(string question, string? proposal)
    {
        while (true)
        {
            Console.Error.Write(proposal is null ? $"{question}: " : $"{question} [{proposal}]: ");
            if (await ReadAsync(Console.ReadLine) is not { } line)
            {
                throw new OperationCanceledException();
            }

            if ((line.Trim() is { Length: > 0 } text ? text : proposal) is { } answer)
            {
                return answer;
            }
        }
    }

    public async Task<bool> ConfirmAsync(string question)
    {
        while (true)
        {
            switch ((await AskAsync($"{question} (y/n)", "n")).ToLowerInvariant())
            {
                case "y" or "yes":
                    return true;
                case "n" or "no":
                    return false;
                default:
                    continue;
            }
        }
    }

    /// <summary>Asks for a line that is not shown.</summary>
    public async Task<string> AskSecretAsync(string question)
    {
        Console.Error.Write($"{question} (not shown): ");
        var secret = await ReadAsync(ReadHidden);
        Console.Error.WriteLine();
        return secret;
    }

    private static string ReadHidden()
    {
        var secret = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return secret.ToString();
                case ConsoleKey.Backspace:
                    secret.Length = Math.Max(0, secret.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        secret.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }

    /// <summary>Reads on another thread. A blocking read cannot be cancelled, so on cancellation it is abandoned.</summary>
    private Task<T> ReadAsync<T>(Func<T> read) => Task.Run(read, CancellationToken.None).WaitAsync(cancel);
}
