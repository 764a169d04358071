using System.Diagnostics;
using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>What became of a fault.</summary>
/// <param name="Count">Of its events; null when it could not be tried here.</param>
/// <param name="Note">What else there is to say.</param>
internal sealed record FaultResult(EventCount? Count, string Note = "");

/// <summary>One fault of the run.</summary>
/// <param name="Name">What is done to the service.</param>
/// <param name="RunAsync">Does it, and counts.</param>
internal sealed record FaultCase(string Name, Func<Task<FaultResult>> RunAsync);

/// <summary>Runs faults one after the other and writes a line about each.</summary>
internal static class FaultRun
{
    public static IEnumerable<FaultCase> All(int kills, int seed) =>
    [
        .. BrokerFaults.All,
        .. CameraFaults.All,
        new FaultCase($"service killed (SIGKILL) {kills} times while the broker is away", () => KillFaults.RunAsync(kills, seed)),
        .. MachineFaults.All,
    ];

    /// <returns>Whether all kept what was promised.</returns>
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
            catch (Exception reason) when (reason is TimeoutException or InvalidOperationException or IOException)
            {
                result = new FaultResult(null, $"**failed**: {reason.Message}");
                good = false;
            }

            good &= result.Count is not { } count || Kept(count);
            await output.WriteLineAsync(Line(fault.Name, result, clock.Elapsed));
            await output.FlushAsync();
        }

        return good;
    }

    /// <summary>All arrived in order, but for those that later ones say were given up.</summary>
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
