using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.EndToEnd.Tests.Doctor;

/// <summary>The doctor's findings about the outbox that a service's statistics describe.</summary>
public sealed class DoctorOutboxTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_empty_outbox_is_fine() =>
        Assert.Equal(Finding.Fine("outbox", "no event waits"), Outbox(waiting: 0, bytes: 0, since: null, dropped: 0));

    [Fact]
    public void Waiting_events_are_fine_and_reported_with_their_size_and_age() =>
        Assert.Equal(
            Finding.Fine("outbox", "12 events wait (1.5 KiB), the oldest for 90 s"),
            Outbox(waiting: 12, bytes: 1536, since: Now.AddSeconds(-90), dropped: 0));

    [Fact]
    public void Dropped_events_are_noted_with_the_settings_that_limit_the_outbox()
    {
        var found = Outbox(waiting: 40, bytes: 40960, since: Now.AddHours(-30), dropped: 116);
        Assert.Equal(FindingKind.Note, found.Kind);
        Assert.Equal("40 events wait (40 KiB), the oldest for 30 h; 116 were given up since the service started", found.Found);
        Assert.Contains("Outbox:MaxRows", found.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_cannot_be_used_is_bad_and_the_finding_names_what_is_lost_with_the_process()
    {
        var stats = Stats(3, 300, Now, 0) with
        {
            Storage = new StorageStats
            {
                Outbox = StorageStats.Memory,
                OutboxReason = "the disk is full",
                EventsInMemory = 3,
                OutboxDamaged = 1,
                State = StorageStats.Memory,
                StateReason = "read-only",
            },
        };
        var found = RunningChecks.Describe(stats, Now, TimeSpan.FromSeconds(10)).Where(it => it.What.EndsWith("storage", StringComparison.Ordinal)).ToList();
        Assert.Equal([FindingKind.Bad, FindingKind.Note, FindingKind.Bad], found.Select(it => it.Kind));
        Assert.Contains("the disk is full; 3 waiting event(s) are in memory only", found[0].Found, StringComparison.Ordinal);
        Assert.Contains("read-only", found[2].Found, StringComparison.Ordinal);
        Assert.DoesNotContain(
            RunningChecks.Describe(Stats(0, 0, null, 0), Now, TimeSpan.FromSeconds(10)), it => it.What.EndsWith("storage", StringComparison.Ordinal));
    }

    [Fact]
    public void Old_statistics_of_a_silent_service_are_not_evaluated()
    {
        var found = Assert.Single(RunningChecks.Describe(Stats(0, 0, null, 5), Now.AddMinutes(10), TimeSpan.FromSeconds(10)));
        Assert.Equal((FindingKind.Note, "service"), (found.Kind, found.What));
    }

    private static Finding Outbox(long waiting, long bytes, DateTimeOffset? since, long dropped) => Assert.Single(
        RunningChecks.Describe(Stats(waiting, bytes, since, dropped), Now, TimeSpan.FromSeconds(10)), found => found.What == "outbox");

    private static StatsPayload Stats(long waiting, long bytes, DateTimeOffset? since, long dropped) => new()
    {
        Node = "edge-1",
        At = Now.AddSeconds(-1),
        UptimeS = 3600,
        Model = "demo",
        Target = "cpu",
        ResidentBytes = 1,
        Cameras = new Dictionary<string, CameraStats>(),
        Pipeline = new PipelineStats { Answers = 7 },
        Mqtt = new MqttStats
        {
            Connected = true,
            EventsWaiting = waiting,
            EventsWaitingBytes = bytes,
            EventsWaitingSince = since,
            EventsDropped = dropped,
        },
        Asks = new AskStats(),
    };
}
