using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Reads the statistics that the running service last published, and explains why a question has no answer.</summary>
internal static class RunningChecks
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Finding>> RunAsync(
        EdgeConfiguration configuration, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            return await ReadStatsAsync(configuration, cancel) is { } stats
                ? [.. Describe(stats, time.GetUtcNow(), StatsEvery(configuration))]
                : [Finding.Note("service", "has published nothing to this broker yet", "If it should run: systemctl status mobilevlm")];
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            return [Finding.Note("service", $"its statistics cannot be read: {error.Message}", "See the broker above.")];
        }
    }

    /// <param name="stats">What the service published.</param>
    /// <param name="now">The current time.</param>
    /// <param name="every">How often it publishes.</param>
    internal static IEnumerable<Finding> Describe(StatsPayload stats, DateTimeOffset now, TimeSpan every)
    {
        if (stats.At is { } at && now - at > every * 3)
        {
            yield return Finding.Note(
                "service", $"has published nothing to this broker for {Ago(now - at)}", "If it should run: systemctl status mobilevlm");
            yield break;
        }

        if (stats.Clock == ClockText.Unset)
        {
            yield return Finding.Bad(
                "service's clock",
                "is not set: messages carry no times, and questions with a Schedule are not asked",
                "Set it on the service's machine: timedatectl set-ntp true, or date --set.");
        }

        yield return Finding.Fine("service", $"has run for {Ago(TimeSpan.FromSeconds(stats.UptimeS))}, {stats.Pipeline.Answers} answers");
        yield return DescribeOutbox(stats.Mqtt, now);
        foreach (var finding in DescribeStorage(stats.Storage))
        {
            yield return finding;
        }

        foreach (var (host, node) in stats.Cluster?.Nodes ?? new Dictionary<string, ClusterNodeStats>())
        {
            yield return DescribeHost(host, node);
        }

        foreach (var (camera, cameraStats) in stats.Cameras)
        {
            foreach (var finding in DescribeScene(camera, cameraStats, now))
            {
                yield return finding;
            }

            foreach (var (question, questionStats) in cameraStats.Questions)
            {
                yield return DescribeQuestion($"{camera}/{question}", cameraStats, questionStats, now);
            }
        }
    }

    private static IEnumerable<Finding> DescribeScene(string name, CameraStats camera, DateTimeOffset now)
    {
        if (camera.View is not ("normal" or "unknown"))
        {
            yield return Finding.Note(
                name,
                $"its view is {camera.View}",
                $"Check the camera, or see the pictures on the topics {name}/view/before and {name}/view/after.");
        }

        if (camera.LastFrozenAt is { } frozen)
        {
            yield return Finding.Note(
                name,
                $"its connection was frozen {camera.FrozenConnections} times since the service started, last {Ago(now - frozen)} ago",
                "It was opened again each time. Update or restart the camera; a lower FrozenAfter finds it sooner.");
        }
    }

    private static Finding DescribeHost(string host, ClusterNodeStats node) => node.State switch
    {
        ClusterNodeStats.Up => Finding.Fine("cluster", $"{host} is up{(node.Model is { } model ? $" with {model}" : "")}; answered {node.Answered} frames, lost {node.Lost}"),
        ClusterNodeStats.OtherModel => Finding.Note("cluster", $"{host} has another model ({node.Model}) and is not used", "Give all hosts the same model folder."),
        ClusterNodeStats.OtherVersion => Finding.Note("cluster", $"{host} speaks another version of the protocol and is not used", "Upgrade the older one."),
        _ => Finding.Note("cluster", $"{host} is unreachable", "Check its service and the network between both."),
    };

    private static Finding DescribeOutbox(MqttStats mqtt, DateTimeOffset now)
    {
        var waiting = mqtt.EventsWaitingSince is { } since
            ? string.Create(
                CultureInfo.InvariantCulture, $"{mqtt.EventsWaiting} events wait ({mqtt.EventsWaitingBytes / 1024.0:0.#} KiB), the oldest for {Ago(now - since)}")
            : "no event waits";
        return mqtt.EventsDropped == 0
            ? Finding.Fine("outbox", waiting)
            : Finding.Note(
                "outbox",
                $"{waiting}; {mqtt.EventsDropped} were given up since the service started",
                "The broker was away longer than the outbox holds, or its disk is full: see Outbox:MaxRows, MaxMegabytes and MaxAge.");
    }

    private static IEnumerable<Finding> DescribeStorage(StorageStats storage)
    {
        const string Remedy = "Free some space, or repair the disk, its mount or the permissions; the service notices that by itself.";
        if (storage.Outbox is StorageStats.Memory or StorageStats.Hanging)
        {
            yield return Finding.Bad(
                "outbox storage", $"{storage.OutboxReason}; {storage.EventsInMemory} waiting event(s) are in memory only and end with the process", Remedy);
        }

        if (storage.OutboxDamaged > 0)
        {
            yield return Finding.Note(
                "outbox storage", $"was damaged and replaced {storage.OutboxDamaged} time(s) since the service started", "Check the disk: dmesg, smartctl.");
        }

        if (storage.State is StorageStats.Memory or StorageStats.Hanging)
        {
            yield return Finding.Bad(
                "state storage", $"{storage.StateReason}; states, cool-downs and switches end with the process", Remedy);
        }
    }

    private static Finding DescribeQuestion(string name, CameraStats camera, QuestionStats question, DateTimeOffset now)
    {
        var times = $"last picture {When(camera.LastFrameAt)}, last asked {When(question.LastAskedAt)}, last answered {When(question.LastAnsweredAt)}";
        var reason = Enum.GetValues<UnknownReason>().Cast<UnknownReason?>()
            .FirstOrDefault(it => it!.Value.ToText() == question.WaitsFor);
        return reason switch
        {
            null => Finding.Fine(name, times),
            { } wait when wait.IsDeliberate() || wait == UnknownReason.NotYet => Finding.Fine(name, $"{wait.ToSentence()}; {times}"),
            UnknownReason.NoPicture => Bad("See its camera above."),
            UnknownReason.ModelFailed => Bad("See the service's log: journalctl -u mobilevlm"),
            UnknownReason.TooLong => Bad("Shorten its 'Ask' or 'Choices', or raise Model:ContextTokens and restart the service."),
            UnknownReason.NotFinite => Bad("Check the model: mobilevlm model verify DIR"),
            UnknownReason.EmptyRegion => Bad("Draw its 'Region' larger, or its 'Mask' smaller."),
            _ => Bad("Ask less often ('Every'), fewer questions, or take a smaller model."),
        };

        Finding Bad(string remedy) => Finding.Bad(name, $"no answer: {reason!.Value.ToSentence()}; {times}", remedy);

        string When(DateTimeOffset? moment) => moment is { } at ? $"{Ago(now - at)} ago" : "never";
    }

    private static async Task<StatsPayload?> ReadStatsAsync(EdgeConfiguration configuration, CancellationToken cancel)
    {
        var received = new TaskCompletionSource<StatsPayload?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var embedded = configuration.EmbeddedBrokerPort is { } port ? new Uri($"mqtt://127.0.0.1:{port}") : null;
        await using var subscriber = await MqttSubscriber.ConnectAsync(
            configuration.ToMqttSettings(embedded), configuration.ToTopics().Stats, Received, cancel);
        try
        {
            return await received.Task.WaitAsync(Timeout, cancel);
        }
        catch (TimeoutException)
        {
            return null;
        }

        void Received(InboundMessage message)
        {
            try
            {
                received.TrySetResult(MqttJson.ReadStats(message.Payload.Span));
            }
            catch (JsonException error)
            {
                received.TrySetException(error);
            }
        }
    }

    private static TimeSpan StatsEvery(EdgeConfiguration configuration) => configuration.Options.Pipeline.StatsEvery;

    private static string Ago(TimeSpan span) => span switch
    {
        { TotalSeconds: < 100 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, span.TotalSeconds):0} s"),
        { TotalMinutes: < 100 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0} h"),
    };
}
