using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

/// <summary>The process that is killed: records frames with snapshots and events as fast as it can, on a history so small that the oldest are
/// always being deleted.</summary>
internal static class HistoryChild
{
    public const string Command = "history-child";

    public static HistorySettings Settings(string folder) => new()
    {
        Folder = folder,
        MaxBytes = HistorySettings.SmallestMaxBytes,
        MinFreeBytes = 0,
        CommitEvery = TimeSpan.FromMilliseconds(20),
        CommitRows = 7,
    };

    /// <param name="args">The folder.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        await using var history = SqliteHistory.Open(Settings(args[0]), TimeProvider.System, NullLogger<SqliteHistory>.Instance);
        var picture = new byte[150_000];
        Console.Out.Write("ready\n");
        Console.Out.Flush();
        for (var number = 1L; ; number++)
        {
            var at = DateTimeOffset.UtcNow;
            history.Record(new HistoryFrame("gate", at, number)
            {
                Answers = [new HistoryAnswer("person", "yes") { Score = 0.5, IsWord = true }],
                Events = number % 5 != 0 ? [] :
                [
                    new HistoryEvent(Guid.CreateVersion7(at), "person", "no", "yes") { At = at, Since = at, Frame = number, Text = number.ToString(CultureInfo.InvariantCulture) },
                ],
                Snapshot = picture.AsMemory(0, 20_000 + (int)(number * 7919 % 130_000)),
            });
            if (number % 15 == 0)
            {
                await WriteClipAsync(history, at, number, picture);
            }

            await Task.Delay(1);
        }
    }

    /// <summary>A clip as its recorder writes it: in parts, beside the history's thread.</summary>
    private static async Task WriteClipAsync(SqliteHistory history, DateTimeOffset at, long number, byte[] content)
    {
        if (await history.BeginClipAsync("gate", at, number, 2 * content.Length, CancellationToken.None) is not { } draft)
        {
            return;
        }

        using (var file = File.OpenWrite(draft))
        {
            file.Write(content);
            await Task.Delay(1);
            file.Write(content);
        }

        await history.EndClipAsync("gate", at, number, isWritten: number % 2 == 0, CancellationToken.None);
    }
}
