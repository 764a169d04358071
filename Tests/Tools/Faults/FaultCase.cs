using System.Diagnostics;
using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>The result of a fault.</summary>
/// <param name="Count">The count of its events; null if the fault cannot be tested on this machine.</param>
/// <param name="Note">A remark for the table.</param>
internal sealed record FaultResult(EventCount? Count, string Note = "");

/// <summary>One fault scenario.</summary>
/// <param name="Name">A description of the fault.</param>
/// <param name="RunAsync">Injects the fault and counts the events.</param>
internal sealed record FaultCase(string Name, Func<Task<FaultResult>> RunAsync);

/// <summary>Runs fault scenarios one after the other and writes a table row for each.</summary>
internal static class FaultRun
{
    public static IEnumerable<FaultCase> All(int kills, int seed) =>
    [
        .. BrokerFaults.All,
        .. CameraFaults.All,
        new FaultCase($"service killed (SIGKILL) {kills} times while the broker is away", () => KillFaults.RunAsync(kills, seed)),
        .. MachineFaults.All,
    ];

    /// <summary>Runs the scenarios.</summary>
    /// <returns>Whether the service kept its promise in all of them.</returns>
    public static async Task<bool> RunAsync(IEnumerable<FaultCase> cases, TextWriter output)
    {
        await output.WriteLineAsync("| fault | produced | received | reported lost | twice | missing | out of order | took | |");
        await output.WriteLineAsync("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        var good = true;
        foreach (var fault in cases)
        {
            var clock = Stopwatch.StartNew();
            FaultResult result;
            try
            {
                result = await fault.RunAsync();
            }
            catch (Exception exception) when (exception is TimeoutException or InvalidOperationException or IOException)
            {
                result = new FaultResult(null, $"**failed**: {exception.Message}");
                good = false;
            }

            good &= result.Count is not { } count || Kept(count);
            await output.WriteLineAsync(Line(fault.Name, result, clock.Elapsed));
            await output.FlushAsync();
        }

        return good;
    }

    /// <summary>Whether all events arrived in order, except those that later events report as dropped.</summary>
    public static bool Kept(EventCount count) => count.OutOfOrder == 0 && count.Missing == count.ReportedLost && count.Produced > 0;

    private static string Line(string name, FaultResult result, TimeSpan took)
    {
        var numbers = result.Count is { } count
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{count.Produced} | {count.Received} | {count.ReportedLost} | {count.Duplicates} | {count.Missing - count.ReportedLost} | {count.OutOfOrder}")
            : " | | | | | ";
        var note = result.Count is { } counted && !Kept(counted) ? $"**broken** {result.Note}" : result.Note;
        return string.Create(CultureInfo.InvariantCulture, $"| {name} | {numbers} | {took.TotalSeconds:0} s | {note} |");
    }
}
