using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.Tools.HttpLoad;

/// <summary>Measures how old the answers of standing questions are while viewers follow the camera and chat programs ask, beside the
/// same without them: alone, then with load, then alone again.</summary>
internal static class LoadRun
{
    /// <summary>Runs all three parts.</summary>
    /// <param name="pace">How long each part lasts.</param>
    /// <param name="viewers">Clients that follow the events and load each snapshot that is new.</param>
    /// <param name="chats">Clients that ask for a text about a picture, one question after the other.</param>
    /// <param name="progress">Gets a line for each part.</param>
    public static async Task<LoadReport> RunAsync(LoadPace pace, int viewers, int chats, TextWriter progress)
    {
        await using var target = await HttpTarget.StartAsync(hasCamera: true);
        using var ages = new AgeRecorder(target);

        var before = await MeasureAsync("alone", null);
        using var stop = new CancellationTokenSource();
        var counts = new LoadCounts();
        Task[] clients =
        [
            .. Enumerable.Range(0, viewers).Select(_ => Task.Run(() => ViewAsync(target, counts, stop.Token))),
            .. Enumerable.Range(0, chats).Select(chat => Task.Run(() => ChatAsync(target, chat, counts, stop.Token))),
        ];
        var loaded = await MeasureAsync($"with {viewers} viewers and {chats} chats", counts);
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        var after = await MeasureAsync("alone again", null);
        return new LoadReport(before, loaded, after, counts);

        async Task<LoadPart> MeasureAsync(string name, LoadCounts? load)
        {
            await pace.WarmUp(ages, load);
            ages.Take();
            var watch = Stopwatch.StartNew();
            var measuring = pace.Measure(ages, load);
            var mostMemory = target.ResidentBytes;
            while (!measuring.IsCompleted)
            {
                await Task.WhenAny(measuring, Task.Delay(TimeSpan.FromMilliseconds(500)));
                mostMemory = Math.Max(mostMemory, target.ResidentBytes);
            }

            await measuring;
            var part = new LoadPart(name, watch.Elapsed, ages.Take(), mostMemory);
            await progress.WriteLineAsync(part.ToString());
            return part;
        }
    }

    /// <summary>Does what the live page does: one stream for everything, and a picture when there is a new one.</summary>
    private static async Task ViewAsync(HttpTarget target, LoadCounts counts, CancellationToken stop)
    {
        using var client = target.Client();
        try
        {
            using var response = await client.GetAsync(new Uri("api/v1/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, stop);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop));
            var pictureAt = Stopwatch.StartNew();
            while (await reader.ReadLineAsync(stop) is { } line)
            {
                if (line.StartsWith("event: answer", StringComparison.Ordinal) && pictureAt.Elapsed > TimeSpan.FromMilliseconds(500))
                {
                    pictureAt.Restart();
                    await client.GetByteArrayAsync(new Uri("api/v1/cameras/gate/snapshot.jpg", UriKind.Relative), stop);
                    counts.AddPicture();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The part is over.
        }
    }

    /// <summary>Asks about another picture each time, because the service keeps what it has encoded.</summary>
    private static async Task ChatAsync(HttpTarget target, int chat, LoadCounts counts, CancellationToken stop)
    {
        using var client = target.Client();
        var pictures = Directory.GetFiles(Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout"), "*.jpg").Order(StringComparer.Ordinal).ToArray();
        try
        {
            for (var next = chat * 7; ; next++)
            {
                var picture = Convert.ToBase64String(await File.ReadAllBytesAsync(pictures[next % pictures.Length], stop));
                object[] parts =
                [
                    new { type = "text", text = "Describe the picture." },
                    new { type = "image_url", image_url = new { url = $"data:image/jpeg;base64,{picture}" } },
                ];
                using var content = new StringContent(JsonSerializer.Serialize(new { stream = true, messages = new[] { new { role = "user", content = parts } } }));
                using var answer = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, stop);
                counts.AddChat(answer.IsSuccessStatusCode);
            }
        }
        catch (OperationCanceledException)
        {
            // The part is over.
        }
    }
}

/// <summary>How long the parts of a run last.</summary>
/// <param name="WarmUp">Ends when a part is measured; gets what the clients of the load got, null without load.</param>
/// <param name="Measure">Ends when it was measured for long enough; gets the same.</param>
internal sealed record LoadPace(Func<AgeRecorder, LoadCounts?, Task> WarmUp, Func<AgeRecorder, LoadCounts?, Task> Measure)
{
    /// <summary>Each part lasts a fixed time.</summary>
    public static LoadPace Timed(TimeSpan warmUp, TimeSpan each) => new((_, _) => Task.Delay(warmUp), (_, _) => Task.Delay(each));

    /// <summary>Each part lasts until there are some answers; with load, also until a chat and a picture came.</summary>
    public static LoadPace Counted(int answers) => new(
        (ages, _) => Eventually.TrueAsync(() => ages.Count > 0, "a standing question is answered"),
        (ages, load) => Eventually.TrueAsync(
            () => ages.Count >= answers && load is not { Chats: 0 } and not { Pictures: 0 },
            "the standing questions and the clients of the load are answered",
            state: () => $"{ages.Count} answers, {load?.Chats} chats, {load?.Pictures} pictures, {load?.Refused} refused"));
}

/// <summary>Follows the events of a service and keeps the ages of its answers.</summary>
internal sealed class AgeRecorder : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<double> _ages = new();
    private readonly Task _following;

    public AgeRecorder(HttpTarget target) => _following = Task.Run(() => FollowAsync(target));

    /// <summary>The number of ages since the last <see cref="Take"/>.</summary>
    public int Count
    {
        get
        {
            ThrowIfFaulted();
            return _ages.Count;
        }
    }

    /// <summary>The ages since the last call, in milliseconds, the smallest first.</summary>
    public IReadOnlyList<double> Take()
    {
        ThrowIfFaulted();
        var taken = new List<double>();
        while (_ages.TryDequeue(out var age))
        {
            taken.Add(age);
        }

        taken.Sort();
        return taken;
    }

    public void Dispose()
    {
        _ending.Cancel();
        ((IAsyncResult)_following).AsyncWaitHandle.WaitOne();
        _ending.Dispose();
    }

    private void ThrowIfFaulted()
    {
        if (_following.IsFaulted)
        {
            throw new InvalidOperationException("The events cannot be followed.", _following.Exception);
        }
    }

    private async Task FollowAsync(HttpTarget target)
    {
        using var client = target.Client();
        try
        {
            using var response = await client.GetAsync(new Uri("api/v1/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, _ending.Token);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(_ending.Token));
            var isAnswer = false;
            while (await reader.ReadLineAsync(_ending.Token) is { } line)
            {
                if (isAnswer && line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    using var answer = JsonDocument.Parse(line["data: ".Length..]);
                    _ages.Enqueue(answer.RootElement.GetProperty("ageMs").GetDouble());
                }

                isAnswer = line == "event: answer";
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}

/// <summary>Counts what the clients of the load got. Thread-safe.</summary>
internal sealed class LoadCounts
{
    private int _pictures;
    private int _chats;
    private int _refused;

    public int Pictures => _pictures;

    public int Chats => _chats;

    public int Refused => _refused;

    public void AddPicture() => Interlocked.Increment(ref _pictures);

    public void AddChat(bool isAnswered) => Interlocked.Increment(ref isAnswered ? ref _chats : ref _refused);
}

/// <summary>One part of a run.</summary>
/// <param name="Name">What was done meanwhile.</param>
/// <param name="Took">How long it was measured.</param>
/// <param name="Ages">Ages of the answers, in milliseconds, the smallest first.</param>
/// <param name="MostMemory">Most resident memory of the service, in bytes.</param>
internal sealed record LoadPart(string Name, TimeSpan Took, IReadOnlyList<double> Ages, long MostMemory)
{
    /// <summary>The age below which a share of the ages lies.</summary>
    public double Age(double share) => Ages.Count == 0 ? double.PositiveInfinity : Ages[(int)Math.Min(Ages.Count - 1, Ages.Count * share)];

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name}: {Ages.Count} answers, age {Age(0.5):0} ms (median), {Age(0.95):0} ms (95 %), {Age(1):0} ms (most); memory {MostMemory / 1048576.0:0} MiB");
}

/// <summary>What a run with load showed.</summary>
internal sealed record LoadReport(LoadPart Before, LoadPart Loaded, LoadPart After, LoadCounts Counts)
{
    /// <summary>The demo asks most of its questions this often.</summary>
    private static readonly TimeSpan Cycle = TimeSpan.FromSeconds(1);

    /// <summary>Answers are at most one cycle older with load than without: the median and 95 of 100.</summary>
    public bool IsWithinOneCycle =>
        Loaded.Ages.Count > 0
        && Loaded.Age(0.5) - Math.Max(Before.Age(0.5), After.Age(0.5)) <= Cycle.TotalMilliseconds
        && Loaded.Age(0.95) - Math.Max(Before.Age(0.95), After.Age(0.95)) <= Cycle.TotalMilliseconds;

    /// <summary>Writes it as text.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine(Before);
        output.WriteLine(Loaded);
        output.WriteLine(After);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"In about {Loaded.Took.TotalSeconds:0} s of load: {Counts.Chats} chats answered, {Counts.Refused} refused, {Counts.Pictures} snapshots"));
        output.WriteLine(IsWithinOneCycle ? "Ages stay within one cycle (1 s)." : "Ages grew by more than one cycle (1 s).");
    }
}
