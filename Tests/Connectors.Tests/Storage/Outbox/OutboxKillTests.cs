using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>SIGKILL at random moments, again and again, on one and the same outbox. <c>Tests/Tools/Faults/run.sh</c> kills the whole
/// service a hundred times.</summary>
public sealed class OutboxKillTests : IDisposable
{
    private const int Kills = 15;

    private readonly TemporaryFolder _folder = new();
    private readonly SemaphoreSlim _ready = new(0);
    private readonly Dictionary<string, int> _stored = OutboxChild.Questions.ToDictionary(question => question, _ => 0);
    private readonly List<(string Question, int Number, string Id)> _received = [];

    public void Dispose()
    {
        _ready.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Kills_lose_no_event_and_keep_the_order_of_each_question()
    {
        // The seed is in the message of what fails.
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            await RunAsync(random.Next(3) == 0 ? "offline" : "online", TimeSpan.FromMilliseconds(random.Next(1, 200)));
        }

        await RunAsync("drain", null);
        foreach (var question in OutboxChild.Questions)
        {
            var numbers = _received.Where(it => it.Question == question).DistinctBy(it => it.Id).Select(it => it.Number).ToList();

            // How many it manages between two kills is a matter of the machine.
            Assert.True(_stored[question] > 0, $"seed {seed}: {question} produced {_stored[question]} events only");
            Assert.True(
                numbers.SequenceEqual(Enumerable.Range(1, numbers.Count)),
                $"seed {seed}: {question} arrived as {string.Join(' ', numbers)}");
            Assert.True(numbers.Count >= _stored[question], $"seed {seed}: {question}: {_stored[question]} stored, {numbers.Count} arrived");
        }
    }

    private async Task RunAsync(string mode, TimeSpan? killAfter)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])
            [typeof(OutboxKillTests).Assembly.Location, OutboxChild.Command, _folder["outbox.db"], mode,
            .. OutboxChild.Questions.Select(question => (_stored[question] + 1).ToString(CultureInfo.InvariantCulture))])
        {
            start.ArgumentList.Add(argument);
        }

        using var child = Process.Start(start)!;
        var reading = Task.Run(() => Read(child.StandardOutput));
        if (killAfter is { } wait)
        {
            // From the start of its work: its own start takes much longer than what is to be hit.
            await _ready.WaitAsync(TimeSpan.FromSeconds(60));
            await Task.Delay(wait);
            child.Kill();
        }

        await child.WaitForExitAsync();
        await reading;
        Assert.Equal(killAfter is null ? 0 : 137, child.ExitCode);
        while (_ready.CurrentCount > 0)
        {
            await _ready.WaitAsync();
        }
    }

    private void Read(StreamReader output)
    {
        // A line that the kill cut off never arrived.
        var text = "";
        var buffer = new char[4096];
        int length;
        while ((length = output.Read(buffer)) > 0)
        {
            text += new string(buffer, 0, length);
            var lines = text.Split('\n');
            text = lines[^1];
            foreach (var line in lines[..^1])
            {
                Take(line.Split(' '));
            }
        }
    }

    private void Take(string[] words)
    {
        switch (words)
        {
            case ["ready"]:
                _ready.Release();
                break;
            case ["stored", var question, var number]:
                _stored[question] = int.Parse(number, CultureInfo.InvariantCulture);
                break;
            case ["sent", var question, var number, var id]:
                _received.Add((question, int.Parse(number, CultureInfo.InvariantCulture), id));
                break;
        }
    }
}
