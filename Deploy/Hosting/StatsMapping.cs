using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>What the actors count, as the topic <c>stats</c> carries it.</summary>
internal static class StatsMapping
{
    /// <param name="stats">Counted.</param>
    /// <param name="sessions">Where the model runs, as its sessions said.</param>
    public static StatsPayload ToPayload(EdgeStats stats, SessionPlacements sessions) => new()
    {
        Node = stats.Node,
        At = stats.At,
        Clock = stats.At is null ? ClockText.Unset : ClockText.Set,
        UptimeS = (long)stats.Uptime.TotalSeconds,
        Model = stats.Model,
        Target = sessions.RunsOn ?? stats.Target,
        Sessions = sessions.Sessions.ToDictionary(
            s => Path.GetFileNameWithoutExtension(s.Key),
            s => new SessionStats(s.Value.Provider, s.Value.NodeCount, s.Value.OnCpu.Values.Sum(), s.Value.Reason)),
        ResidentBytes = Environment.WorkingSet,
        Cameras = stats.Cameras.ToDictionary(c => c.Key, c => ToPayload(c.Value)),
        Pipeline = new Connectors.Mqtt.Payloads.PipelineStats(
            stats.Pipeline.Restarts,
            stats.Pipeline.Answers,
            stats.Pipeline.Answers > 0 ? stats.Pipeline.LastAgeMs : null,
            stats.Pipeline.Answers > 0 ? stats.Pipeline.MaxAgeMs : null),
        Mqtt = new Connectors.Mqtt.Payloads.MqttStats(
            stats.Mqtt.Connected,
            stats.Mqtt.Published,
            stats.Mqtt.Failed,
            stats.Mqtt.Reconnects,
            stats.Mqtt.EventsWaiting,
            stats.Mqtt.EventsWaitingBytes,
            stats.Mqtt.EventsWaitingSince,
            stats.Mqtt.EventsDropped,
            stats.Mqtt.CommandsIgnored),
        Asks = new Connectors.Mqtt.Payloads.AskStats(
            stats.Asks.Received,
            stats.Asks.Answered,
            stats.Asks.Busy,
            stats.Asks.Expired,
            stats.Asks.Refused,
            stats.Asks.Failed),
        Storage = new Connectors.Mqtt.Payloads.StorageStats(
            ToText(stats.Storage.Outbox.Kind),
            stats.Storage.Outbox.Reason,
            stats.Storage.EventsInMemory,
            stats.Storage.OutboxDamaged,
            ToText(stats.Storage.State.Kind),
            stats.Storage.State.Reason),
    };

    private static string ToText(StorageKind kind) => kind switch
    {
        StorageKind.Off => Connectors.Mqtt.Payloads.StorageStats.Off,
        StorageKind.Disk => Connectors.Mqtt.Payloads.StorageStats.Disk,
        StorageKind.Memory => Connectors.Mqtt.Payloads.StorageStats.Memory,
        StorageKind.Hanging => Connectors.Mqtt.Payloads.StorageStats.Hanging,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The statistics of one camera.</summary>
    internal static Connectors.Mqtt.Payloads.CameraStats ToPayload(Actors.Health.CameraStats camera) => new()
    {
        Online = camera.Online,
        FramesCaptured = camera.Captured,
        FramesRepeated = camera.Repeated,
        FramesReplaced = camera.Replaced,
        FramesIdle = camera.Idle,
        FramesStale = camera.Stale,
        FramesUsed = camera.Used,
        FramesGated = camera.Gated,
        FramesFailed = camera.Failed,
        CaptureRestarts = camera.CaptureRestarts,
        LastFrameAt = camera.LastFrameAt,
        LastAgeMs = camera.LastAge?.TotalMilliseconds,
        SameFrameS = camera.SameFor is { } sameFor ? (long)sameFor.TotalSeconds : null,
        FrozenConnections = camera.Frozen,
        LastFrozenAt = camera.LastFrozenAt,
        View = camera.View.ToText(),
        ViewChanges = camera.ViewChanges,
        Questions = camera.Questions.ToDictionary(q => q.Key, q => new Connectors.Mqtt.Payloads.QuestionStats(
            q.Value.Asked,
            q.Value.Answered,
            q.Value.Failed,
            q.Value.LastAskedAt,
            q.Value.LastAnsweredAt,
            q.Value.WaitsFor?.ToText())),
    };
}
