using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace MobileVlm.Edge.Tools.HttpLoad;

/// <summary>Sends hostile requests to a service and looks whether it stays well: it runs on, honest clients are answered, nothing
/// fails inside, and neither memory nor open files grow.</summary>
internal static class HostileRun
{
    private const int AtOnce = 16;

    /// <summary>Requests before memory is measured, so that what is loaded once does not count.</summary>
    private const int WarmUp = 200;

    /// <summary>More than the collector leaves unused between two moments; a leak of 8 KiB with each of 10,000 requests is above it.</summary>
    private const long MaxGrowth = 64L << 20;

    /// <summary>Connections that are about to close, and the runtime's own.</summary>
    private const int MaxMoreFiles = 40;

    public static async Task<HostileReport> RunAsync(int count, int seed, TextWriter progress)
    {
        await using var target = await HttpTarget.StartAsync(hasCamera: false);
        var kinds = HostileRequests.All(target.Address.Authority, seed);
        var statuses = new ConcurrentDictionary<(string Kind, int Status), int>();
        var problems = new ConcurrentQueue<string>();
        using var honest = target.Client();

        await SendAsync(0, WarmUp);
        await SettleAsync(target, int.MaxValue);
        var (memory, files) = (target.ResidentBytes, target.OpenFiles);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var sent = 0; sent < count; sent += 1000)
        {
            await SendAsync(WarmUp + sent, Math.Min(1000, count - sent));
            await progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Math.Min(sent + 1000, count)} sent, {target.ResidentBytes >> 20} MiB"));
        }

        var took = watch.Elapsed;
        await SettleAsync(target, files + MaxMoreFiles);
        var (memoryAfter, filesAfter) = (target.ResidentBytes, target.OpenFiles);
        if (memoryAfter - memory > MaxGrowth)
        {
            problems.Enqueue($"memory grew by {(memoryAfter - memory) >> 20} MiB");
        }

        if (filesAfter - files > MaxMoreFiles)
        {
            problems.Enqueue($"open files grew from {files} to {filesAfter}");
        }

        foreach (var line in target.Log.Split('\n').Where(line => line.Contains("HttpServer[4]", StringComparison.Ordinal) || line.Contains("Unhandled", StringComparison.Ordinal)).Take(5))
        {
            problems.Enqueue(line);
        }

        return new HostileReport(count, seed, took, memory, memoryAfter, files, filesAfter, statuses, [.. problems.Distinct().Reverse().Take(20)]);

        async Task SendAsync(int from, int number) => await Parallel.ForEachAsync(
            Enumerable.Range(from, number),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (i, _) =>
            {
                var kind = kinds[i % kinds.Count];
                try
                {
                    using var connection = await RawConnection.OpenAsync(target.Address);
                    var status = await kind.SendAsync(connection, new Random(unchecked((seed * 1_000_003) + i)));
                    statuses.AddOrUpdate((kind.Name, status ?? 0), 1, (_, before) => before + 1);
                    if (status is 500 or 501 or 502 or 504)
                    {
                        problems.Enqueue($"{kind.Name}: status {status} (request {i}, seed {seed})");
                    }
                }
                catch (Exception fault) when (fault is FormatException or OperationCanceledException or System.Net.Sockets.SocketException)
                {
                    problems.Enqueue($"{kind.Name}: {fault.Message} (request {i}, seed {seed})");
                }

                if (i % 50 == 0)
                {
                    await AskHonestlyAsync();
                }
            });

        async Task AskHonestlyAsync()
        {
            if (target.HasExited)
            {
                problems.Enqueue("the service ended");
                return;
            }

            using var listed = await honest.GetAsync(new Uri("v1/models", UriKind.Relative));
            if (listed.StatusCode != HttpStatusCode.OK)
            {
                problems.Enqueue($"an honest client got status {(int)listed.StatusCode}");
            }
        }
    }

    /// <summary>Waits until the service is idle and its open files are few, or stay as they are.</summary>
    private static async Task SettleAsync(HttpTarget target, int files)
    {
        using var client = target.Client();
        using var body = new StringContent("""{"max_tokens":1,"messages":[{"role":"user","content":"Is there a person?"}]}""");
        using var answer = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
        try
        {
            await Eventually.TrueAsync(() => target.OpenFiles <= files, "connections are closed", TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            // The report says how many are open.
        }
    }
}

/// <summary>What a run of hostile requests showed.</summary>
/// <param name="Count">Requests.</param>
/// <param name="Seed">Gives the same requests again.</param>
/// <param name="Took">Time of all.</param>
/// <param name="Memory">Resident memory before, in bytes.</param>
/// <param name="MemoryAfter">Resident memory after.</param>
/// <param name="Files">Open files before.</param>
/// <param name="FilesAfter">Open files after.</param>
/// <param name="Statuses">How often each kind got each status; 0 is a connection that was closed without one.</param>
/// <param name="Problems">Empty if the service stayed well.</param>
internal sealed record HostileReport(
    int Count,
    int Seed,
    TimeSpan Took,
    long Memory,
    long MemoryAfter,
    int Files,
    int FilesAfter,
    IReadOnlyDictionary<(string Kind, int Status), int> Statuses,
    IReadOnlyList<string> Problems)
{
    /// <summary>Writes it as text.</summary>
    public void Write(TextWriter output)
    {
        foreach (var kind in Statuses.GroupBy(it => it.Key.Kind).OrderBy(it => it.Key, StringComparer.Ordinal))
        {
            var counts = kind.OrderBy(it => it.Key.Status)
                .Select(it => string.Create(CultureInfo.InvariantCulture, $"{(it.Key.Status == 0 ? "closed" : it.Key.Status.ToString(CultureInfo.InvariantCulture))} {it.Value}"));
            output.WriteLine($"{kind.Key,-22} {string.Join(", ", counts)}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Count} requests (seed {Seed}) in {Took.TotalSeconds:0} s; memory {Memory / 1048576.0:0.0} -> {MemoryAfter / 1048576.0:0.0} MiB; open files {Files} -> {FilesAfter}"));
        output.WriteLine(Problems.Count == 0 ? "No crash, no leak, no internal error." : string.Join('\n', Problems));
    }
}
