using System.CommandLine;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Watch;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm watch</c>: shows what a running service publishes, as a live table.</summary>
internal static class WatchCommand
{
    private const string Stop = "Ctrl+C stops watching; the service continues.";
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(2);

    public static Command Create()
    {
        var config = RunCommand.ConfigOption();
        var camera = new Option<string?>("--camera") { Description = "Show this camera only.", HelpName = "NAME" };
        var command = new Command(
            "watch", "Show states, answers and events of a running service as it publishes them.") { config, camera };
        command.SetAction((parsed, cancel) =>
            RunAsync(EdgeConfiguration.Load(parsed.GetValue(config)), parsed.GetValue(camera), cancel));
        return command;
    }

    private static async Task<int> RunAsync(EdgeConfiguration configuration, string? camera, CancellationToken cancel)
    {
        if (!configuration.HasBroker)
        {
            throw new UsageException("The configuration names no broker, and this command shows what is published there. Follow /api/v1/events/stream instead.");
        }

        var questions = Questions(configuration, camera);
        var topics = configuration.ToTopics();
        var settings = configuration.ToMqttSettings(EmbeddedBroker(configuration));
        var broker = settings.Broker.GetLeftPart(UriPartial.Authority);
        var service = configuration.File is { } file && file.StartsWith(ConfigurationSources.DefaultMachineFolder, StringComparison.Ordinal)
            ? "systemctl status mobilevlm"
            : $"mobilevlm run --config {configuration.File}";
        var view = new LiveView(ScreenOutput.ForOutput(), TimeProvider.System);
        var state = new WatchState(topics, questions, TimeProvider.System) { Changed = view.Write };
        MqttSubscriber subscriber;
        try
        {
            subscriber = await MqttSubscriber.ConnectAsync(settings, topics.All, state.Receive, cancel);
        }
        catch (IOException exception)
        {
            Terminal.Error(configuration.EmbeddedBrokerPort is null
                ? $"No connection to {broker}: {exception.Message}"
                : $"No connection to {broker}, which is the broker inside the service: the service is not running ({service}). {exception.Message}");
            return ExitCode.Failed;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var link = new Link(subscriber, settings, topics, state);
        var health = new ServiceHealth(topics.All, service, configuration.Options.Pipeline.StatsEvery * 3 + TimeSpan.FromSeconds(5));
        var title = $"{configuration.Node} at {broker}";
        var reconnecting = link.KeepConnectedAsync(ended.Token);
        var problems = ReportAsync(view, () => Problem(state.Snapshot()), ended.Token);
        await view.ShowAsync(
            state,
            snapshot => new ScreenFrame(
                $"{title}: {snapshot.Availability ?? "no message yet"}", [], Problem(snapshot) is { } problem ? [problem] : [], Stop),
            cancel);
        await ended.CancelAsync();
        await reconnecting;
        await problems;
        return ExitCode.Done;

        string? Problem(WatchSnapshot snapshot) => health.FindProblem(snapshot, link.Problem, link.ConnectedAt, TimeProvider.System.GetUtcNow());
    }

    private static WatchedQuestion[] Questions(EdgeConfiguration configuration, string? camera)
    {
        var cameras = configuration.Options.Cameras;
        if (camera is not null && !cameras.ContainsKey(camera))
        {
            var suggestion = ClosestName.Of(camera, [.. cameras.Keys]) is { } near ? $"; did you mean '{near}'?" : "";
            throw new UsageException($"The camera '{camera}' is not configured; {(cameras.Count == 0 ? "no camera is" : $"configured {(cameras.Count == 1 ? "is" : "are")} {string.Join(", ", cameras.Keys)}")}{suggestion}");
        }

        return
        [
            .. cameras.Where(it => camera is null || it.Key == camera)
                .SelectMany(it => it.Value.Questions.Select(question => new WatchedQuestion(it.Key, question.Key, question.Value.Ask ?? ""))),
        ];
    }

    private static Uri? EmbeddedBroker(EdgeConfiguration configuration) => configuration.EmbeddedBrokerPort switch
    {
        null => null,
        0 => throw new UsageException("MobileVlm:Mqtt:Port is 0, so the service's own broker uses another port at each start. Set a port to watch the service."),
        { } port => new Uri($"mqtt://127.0.0.1:{port}"),
    };

    /// <summary>Writes a line when the problem changes, for output without a table.</summary>
    private static async Task ReportAsync(LiveView view, Func<string?> problem, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        using var ended = cancel.Register(timer.Dispose);
        string? written = null;
        while (await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            if (problem() is var now && Kind(now) != Kind(written))
            {
                written = now;
                view.WriteLine(now ?? "The service is back.");
            }
        }

        // Messages that differ only in their seconds are the same problem.
        static string? Kind(string? problem) => problem is null ? null : new string([.. problem.Where(c => !char.IsAsciiDigit(c))]);
    }

    /// <summary>The connection to the broker, restored whenever it is lost.</summary>
    private sealed class Link(MqttSubscriber first, MqttSettings settings, NodeTopics topics, WatchState state)
    {
        private volatile string? _problem;
        private long _connectedAt = TimeProvider.System.GetUtcNow().UtcTicks;

        public string? Problem => _problem;

        public DateTimeOffset ConnectedAt => new(Interlocked.Read(ref _connectedAt), TimeSpan.Zero);

        public async Task KeepConnectedAsync(CancellationToken cancel)
        {
            var subscriber = first;
            try
            {
                while (true)
                {
                    var reason = await subscriber.Ended.WaitAsync(cancel);
                    await subscriber.DisposeAsync();
                    _problem = $"The connection to the broker is lost: {reason}. Connecting again.";
                    subscriber = await ConnectAsync(cancel);
                    Interlocked.Exchange(ref _connectedAt, TimeProvider.System.GetUtcNow().UtcTicks);
                    _problem = null;
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                await subscriber.DisposeAsync();
            }
        }

        private async Task<MqttSubscriber> ConnectAsync(CancellationToken cancel)
        {
            while (true)
            {
                await Task.Delay(RetryEvery, cancel);
                try
                {
                    return await MqttSubscriber.ConnectAsync(settings, topics.All, state.Receive, cancel);
                }
                catch (IOException exception)
                {
                    _problem = $"No connection to the broker: {exception.Message}. Connecting again.";
                }
            }
        }
    }
}
