using System.Globalization;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.AdHoc;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>A service under full load in which an actor fails repeatedly, and a subscriber who must not notice: two cameras
/// whose state changes with each frame, a question asked once per frame, a broker that drops now and then.</summary>
internal sealed class KillScenario : IAsyncDisposable
{
    private const string Root = "mobilevlm/box/";

    private static readonly string[] Names = ["gate", "hall"];

    private readonly Dictionary<string, int> _frames = Names.ToDictionary(name => name, _ => 0);
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-kill-").FullName;
    private readonly Random _random;
    private int _asked;

    public KillScenario(int seed)
    {
        _random = new Random(seed);
        Rig = new EdgeRig([.. Names.Select(name => EdgeRig.Plan(name, EdgeRig.Always, snapshot: true))])
        {
            Time = new CrashingTime(TimeProvider.System, Crashes),
            ExpectsQuietAkka = false,

            // It is not an actor, and never throws.
            Outbox = new MemoryOutbox(TimeProvider.System),
            AnswerText = answer => $"{answer.Value} {answer.Frame}",
            EventText = happened => $"{happened.Id} {happened.From}>{happened.To} {happened.Frame}",
        };
        Rig.Settings = Rig.Settings with
        {
            StateFolder = _folder,
            Commands = new CommandSettings { Burst = 1_000_000 },
            Pipeline = Rig.Settings.Pipeline with { StatsEvery = TimeSpan.FromMilliseconds(5) },
            Supervision = new SupervisionSettings
            {
                Budget = new RestartBudget(int.MaxValue, TimeSpan.FromHours(1)),
                Backoff = new ReconnectSettings { Min = TimeSpan.FromMilliseconds(1), Max = TimeSpan.FromMilliseconds(5) },
            },
        };
        Rig.Engine.OnAnswer = (frame, question) => question.Text == "person" ? Score(frame) : $"{question.Text} {frame}";
    }

    public Crashes Crashes { get; } = new();

    public EdgeRig Rig { get; }

    /// <summary>Per camera; each frame after the first makes an event.</summary>
    public int Frames => _frames["gate"];

    public int Asked => _asked;

    public Task StartAsync() => Rig.StartAsync();

    /// <summary>One frame of each camera with one question, and what is expected of them.</summary>
    /// <param name="disturb">Called while the work is under way.</param>
    public async Task StepAsync(Action disturb)
    {
        Rig.Ask($$"""{"id": "{{_asked++}}", "question": "ad hoc"}""");
        var disturbFirst = _random.Next(2) == 0;
        if (disturbFirst)
        {
            disturb();
        }

        foreach (var (name, camera) in Names.Zip(Rig.Cameras))
        {
            _frames[name]++;
            Assert.Equal(_frames[name], camera.Push());
            await Rig.Answers.UntilAsync(
                answers => answers.Count(answer => answer.Camera.Value == name) == _frames[name], $"the answer of {name}");
        }

        if (!disturbFirst)
        {
            disturb();
        }

        switch (_random.Next(8))
        {
            case 0:
                Rig.Link.Drop();
                break;
            case 1 or 2:
                // At times the next step comes only when this one is through.
                await UntilTrueAsync();
                break;
        }
    }

    /// <summary>Nothing fails any more: what the subscriber sees must become true.</summary>
    public async Task SettleAsync()
    {
        Crashes.ShouldFail = null;
        await UntilTrueAsync();
        await Rig.Link.Once.UntilAsync(_ => Events().Count >= Names.Length * (Frames - 1), "every event");

        // What was asked while the reader of commands was restarted goes with a later frame.
        while (Rig.Stats.Asks.Received < _asked || Rig.Replies().Count < _asked)
        {
            var before = Rig.Replies().Count;
            Rig.Cameras[0].Push();
            _frames["gate"]++;
            await Rig.Answers.UntilAsync(
                answers => answers.Count(answer => answer.Camera.Value == "gate") == _frames["gate"], "one more frame");
            await Task.Yield();
            if (_frames["gate"] > 2000)
            {
                Assert.Fail($"{before} replies to {_asked} questions; {Rig.Stats.Asks}");
            }
        }

        await UntilTrueAsync();
        await Rig.Link.Once.UntilAsync(
            _ => Events().Count == _frames.Values.Sum() - Names.Length, "the events of the later frames");
    }

    private async Task UntilTrueAsync()
    {
        foreach (var name in Names)
        {
            var state = $"{Root}{name}/person/state={Value(_frames[name])}";
            var answer = $"{Root}{name}/person/answer={Value(_frames[name])} {_frames[name]}";
            await Rig.Link.Published.UntilAsync(
                published => Last(published, $"{Root}{name}/person/state=") == state
                    && Last(published, $"{Root}{name}/person/answer=") == answer
                    && Last(published, $"{Root}{name}/availability=") == $"{Root}{name}/availability=online",
                $"the last state of {name}");
        }
    }

    /// <summary>What the subscriber saw, counted; fails at the first wrong value.</summary>
    public string Check()
    {
        var published = Rig.Link.Published.Items;
        var states = 0;
        foreach (var name in Names)
        {
            var frames = published.Where(line => line.StartsWith($"{Root}{name}/person/answer=", StringComparison.Ordinal))
                .Select(line => line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].Split(' ')).ToList();
            Assert.All(frames, answer => Assert.Equal(Value(int.Parse(answer[1], CultureInfo.InvariantCulture)), answer[0]));
            var numbers = frames.ConvertAll(answer => int.Parse(answer[1], CultureInfo.InvariantCulture));
            Assert.Equal(numbers.Order(), numbers);
            var stateLines = published.Where(line => line.StartsWith($"{Root}{name}/person/state=", StringComparison.Ordinal)).ToList();
            Assert.All(stateLines, line => Assert.True(line.EndsWith("=yes", StringComparison.Ordinal) || line.EndsWith("=no", StringComparison.Ordinal), line));
            states += stateLines.Count + frames.Count;

            // A camera that never went away is never reported as offline, except before its first frame.
            var availability = published.Where(line => line.StartsWith($"{Root}{name}/availability=", StringComparison.Ordinal)).ToList();
            Assert.DoesNotContain(availability.SkipWhile(line => line.EndsWith("offline", StringComparison.Ordinal)), line => line.EndsWith("offline", StringComparison.Ordinal));
            Assert.Single(Rig.Cameras[Array.IndexOf(Names, name)].Attempts.Items);
        }

        Assert.DoesNotContain(published, line => line is $"{Root}availability=offline" or $"{Root}availability=stopped");
        var events = Events();
        Assert.Equal(events.Count, events.Select(it => it.Id).Distinct().Count());
        foreach (var name in Names)
        {
            Assert.Equal(
                Enumerable.Range(2, _frames[name] - 1).Select(frame => $"{Value(frame - 1)}>{Value(frame)} {frame}"),
                events.Where(it => it.Camera == name).Select(it => it.Text));
        }

        var ids = Rig.Replies().Select(reply => int.Parse(reply.Text("id"), CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(0, _asked), ids.Order());
        return $"{states} states and answers, {events.Count} events, {ids.Count} replies; 0 wrong, 0 lost, 0 doubled";
    }

    public async ValueTask DisposeAsync()
    {
        Crashes.ShouldFail = null;
        await Rig.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? Last(IReadOnlyList<string> published, string start) =>
        published.LastOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));

    private static string Value(int frame) => frame % 2 == 0 ? "no" : "yes";

    private static string Score(long frame) => frame % 2 == 0 ? "0.1" : "0.9";

    private List<(string Camera, string Id, string Text)> Events() =>
        [.. Rig.Link.Once.Items.Where(message => message.Topic.EndsWith("/event", StringComparison.Ordinal)).Select(Parse)];

    private (string Camera, string Id, string Text) Parse(OutboundMessage message)
    {
        var words = Rig.Link.Text(message).Split(' ', 2);
        return (message.Topic.Split('/')[2], words[0], words[1]);
    }
}
