using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>The process that is killed: produces events for three questions as fast as it can and, when it is online,
/// sends them to its parent, whose pipe is the broker: a whole line has arrived, and only then it is removed.</summary>
internal static class OutboxChild
{
    public const string Command = "outbox-child";

    public static readonly string[] Questions = ["gate/person", "gate/smoke", "yard/dog"];

    /// <param name="args">Path, <c>online</c> or <c>offline</c> or <c>drain</c>, then the first number of each question.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var numbers = args[2..].Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        await using var outbox = SqliteOutbox.Open(
            new OutboxSettings { Path = args[0], Durability = OutboxDurability.Process, BatchWindow = TimeSpan.FromMilliseconds(2) },
            TimeProvider.System,
            NullLogger<SqliteOutbox>.Instance);
        Write("ready");
        if (args[1] == "drain")
        {
            await SendAsync(outbox, untilEmpty: true);
            return 0;
        }

        var sending = args[1] == "online" ? Task.Run(() => SendAsync(outbox, untilEmpty: false)) : Task.CompletedTask;
        await Task.WhenAll([sending, .. Questions.Select((question, i) => Task.Run(() => ProduceAsync(outbox, question, numbers[i])))]);
        return 0;
    }

    private static async Task ProduceAsync(SqliteOutbox outbox, string question, int number)
    {
        for (; ; number++)
        {
            var text = number.ToString(CultureInfo.InvariantCulture);
            await outbox.StoreAsync(new OutboxEvent($"{question}#{text}", question, Encoding.UTF8.GetBytes(text)));
            Write($"stored {question} {text}");
            await Task.Delay(1);
        }
    }

    private static async Task SendAsync(SqliteOutbox outbox, bool untilEmpty)
    {
        while (true)
        {
            if (await outbox.OldestAsync(OutboxRig.All) is { } waiting)
            {
                Write($"sent {waiting.Event.Topic} {Encoding.UTF8.GetString(waiting.Event.Payload.Span)} {waiting.Event.Id}");
                await outbox.RemoveAsync(waiting.Event.Id);
            }
            else if (untilEmpty)
            {
                return;
            }
            else
            {
                await Task.Delay(1);
            }
        }
    }

    private static void Write(string line)
    {
        lock (Questions)
        {
            Console.Out.Write(line + "\n");
            Console.Out.Flush();
        }
    }
}
