using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

/// <summary>Users, rules and hangs, which only a broker of its own can show.</summary>
[SupportedOSPlatform("linux")]
public sealed class MqttLinkFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_right_password_connects_and_a_wrong_one_is_refused_without_showing_it()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge", Password = "right-one" });
        var settings = TestLink.Settings(broker.Address) with { User = "edge", PasswordFile = WriteSecret("wrong-one\n") };
        await using var link = new MqttLink(settings, new ListLogger());
        var ends = link.Ends();

        var refused = await link.ConnectAsync(CancellationToken.None);

        Assert.Equal(ConnectOutcomeKind.Refused, refused.Kind);
        Assert.Contains("edge", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("Mqtt:PasswordFile", refused.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-one", refused.Reason, StringComparison.Ordinal);
        Assert.Empty(ends);

        WriteSecret("right-one\r\nanother line\n");
        await link.MustConnectAsync();
    }

    [Fact]
    public async Task A_broker_that_requires_a_user_is_reported_with_the_missing_settings()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge" });
        await using var link = TestLink.Create(broker.Address);

        var refused = await link.ConnectAsync(CancellationToken.None);

        Assert.Equal(ConnectOutcomeKind.Refused, refused.Kind);
        Assert.Contains("Mqtt:User", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rotated_password_is_used_at_the_next_connect()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge", Password = "old" });
        var settings = TestLink.Settings(broker.Address) with { User = "edge", PasswordFile = WriteSecret("old") };
        await using var link = await TestLink.ConnectAsync(settings);
        await link.DisconnectAsync(CancellationToken.None);

        broker.ChangePassword("new");
        WriteSecret("new");

        await Eventually.TrueAsync(
            async () => (await link.ConnectAsync(CancellationToken.None)).Kind == ConnectOutcomeKind.Connected,
            "the new password is taken");
    }

    [Theory]
    [InlineData(null, "does not exist")]
    [InlineData("", "empty first line")]
    [InlineData("\nsecond", "empty first line")]
    public async Task A_password_file_without_a_password_is_named(string? content, string expected)
    {
        var file = content is null ? _folder["missing"] : WriteSecret(content);
        var settings = TestLink.Settings(new Uri("mqtt://127.0.0.1:1")) with { User = "edge", PasswordFile = file };
        await using var link = new MqttLink(settings, new ListLogger());

        var outcome = await link.ConnectAsync(CancellationToken.None);

        Assert.Equal(ConnectOutcomeKind.Misconfigured, outcome.Kind);
        Assert.Contains("Mqtt:PasswordFile", outcome.Reason, StringComparison.Ordinal);
        Assert.Contains(file, outcome.Reason, StringComparison.Ordinal);
        Assert.Contains(expected, outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_as_password_file_is_unreadable_rather_than_a_crash()
    {
        var settings = TestLink.Settings(new Uri("mqtt://127.0.0.1:1")) with { User = "edge", PasswordFile = _folder.Path };
        await using var link = new MqttLink(settings, new ListLogger());

        Assert.Equal(ConnectOutcomeKind.Misconfigured, (await link.ConnectAsync(CancellationToken.None)).Kind);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite, 0)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, 1)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead, 1)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupWrite, 1)]
    public async Task A_password_file_that_others_can_read_or_write_is_warned_about_once(UnixFileMode mode, int warnings)
    {
        var logger = new ListLogger();
        var settings = TestLink.Settings(new Uri("mqtt://127.0.0.1:1")) with
        {
            User = "edge",
            PasswordFile = WriteSecret("hush"),
        };
        File.SetUnixFileMode(settings.PasswordFile, mode);
        await using var link = new MqttLink(settings, logger);

        await link.ConnectAsync(CancellationToken.None);
        await link.ConnectAsync(CancellationToken.None);

        Assert.Equal(warnings, logger.Lines.Count(l => l.StartsWith("Warning: Mqtt:PasswordFile", StringComparison.Ordinal)));
        Assert.DoesNotContain(logger.Lines, l => l.Contains("hush", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_publish_that_the_access_rules_forbid_is_refused_and_the_connection_stays()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { Acl = "topic readwrite allowed/#" });
        await using var link = await TestLink.ConnectAsync(broker.Address);

        var refused = await link.PublishAsync("forbidden/a", "x");

        Assert.Equal(PublishOutcomeKind.Refused, refused.Kind);
        Assert.Contains("forbidden/a", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("access rules", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("allowed/a", "x")).Kind);
        Assert.True(link.IsConnected);
    }

    [Fact]
    public async Task A_broker_without_retained_messages_refuses_a_client_whose_will_is_retained()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { Extra = "retain_available false" });
        var settings = TestLink.Settings(broker.Address);
        await using var link = new MqttLink(settings, new ListLogger());

        var outcome = await link.ConnectAsync(CancellationToken.None);

        // The will is retained, so such a broker refuses us as a whole; what matters is that it is reported.
        Assert.Equal(ConnectOutcomeKind.Refused, outcome.Kind);
        Assert.Contains("RetainNotSupported", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frozen_broker_loses_a_publish_in_time_and_ends_the_connection_once()
    {
        await using var broker = await Mosquitto.StartAsync();
        var settings = TestLink.Settings(broker.Address) with { Timeout = TimeSpan.FromSeconds(2) };
        await using var link = await TestLink.ConnectAsync(settings);
        var ends = link.Ends();
        broker.Freeze();

        var waited = Stopwatch.StartNew();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => link.PublishAsync($"a/{i}", "x")));

        Assert.All(outcomes, o => Assert.Equal(PublishOutcomeKind.Unacknowledged, o.Kind));
        Assert.InRange(waited.Elapsed.TotalSeconds, 1.9, 8);
        Assert.Contains("did not answer", await link.OneEndAsync(ends), StringComparison.Ordinal);
        Assert.False(link.IsConnected);
    }

    [Fact]
    public async Task A_frozen_broker_is_noticed_by_pings_though_messages_go_out_unanswered()
    {
        await using var broker = await Mosquitto.StartAsync();
        var settings = TestLink.Settings(broker.Address) with
        {
            KeepAlive = TimeSpan.FromSeconds(2),
            Timeout = TimeSpan.FromSeconds(2),
        };
        await using var link = await TestLink.ConnectAsync(settings);
        var ends = link.Ends();
        broker.Freeze();

        var waited = Stopwatch.StartNew();
        while (link.IsConnected && waited.Elapsed < TestLink.Soon)
        {
            await link.PublishAsync("a", "x", qualityOfService: 0);
            await Task.Delay(100);
        }

        Assert.InRange(waited.Elapsed.TotalSeconds, 1, 8);
        Assert.Contains("ping", await link.OneEndAsync(ends), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frozen_broker_does_not_hold_a_connect_longer_than_the_timeout_and_is_usable_after_it_thaws()
    {
        await using var broker = await Mosquitto.StartAsync();
        var settings = TestLink.Settings(broker.Address) with { Timeout = TimeSpan.FromSeconds(1) };
        await using var link = new MqttLink(settings, new ListLogger());
        broker.Freeze();

        var waited = Stopwatch.StartNew();
        var outcome = await link.ConnectAsync(CancellationToken.None);

        Assert.Equal(ConnectOutcomeKind.Unreachable, outcome.Kind);
        Assert.Contains("within 1 s", outcome.Reason, StringComparison.Ordinal);
        Assert.InRange(waited.Elapsed.TotalSeconds, 0.9, 6);

        broker.Thaw();
        await link.MustConnectAsync();
    }

    [Fact]
    public async Task An_idle_connection_outlives_its_keep_alive()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { Extra = "log_type all" });
        var settings = TestLink.Settings(broker.Address) with { KeepAlive = TimeSpan.FromSeconds(1) };
        await using var link = await TestLink.ConnectAsync(settings);
        var ends = link.Ends();

        // The broker ends a connection that is silent for one and a half times its keep-alive.
        await TestLink.UntilAsync(() => broker.Log.Split($"PINGREQ from {settings.ClientId}").Length > 4, "four pings");

        Assert.True(link.IsConnected);
        Assert.Empty(ends);
    }

    [Fact]
    public async Task A_link_connects_again_after_the_broker_restarted_and_retained_messages_are_there()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { Persistent = true });
        await using var link = await TestLink.ConnectAsync(broker.Address);
        var ends = link.Ends();
        await link.PublishAsync("a/state", "yes", retain: true);
        var saved = Path.Combine(broker.Folder, "mosquitto.db");
        await TestLink.UntilAsync(
            () => File.Exists(saved) && Encoding.Latin1.GetString(File.ReadAllBytes(saved)).Contains("a/state", StringComparison.Ordinal),
            "mosquitto saves the message");

        await broker.RestartAsync();
        await TestLink.UntilAsync(() => !ends.IsEmpty, "the end of the connection");
        await link.MustConnectAsync();

        await using var sub = await MosquittoSub.StartAsync(broker.Address);
        Assert.True((await sub.WaitForAsync("a/state")).Retained);
        await link.DisconnectAsync(CancellationToken.None);
        await TestLink.UntilAsync(() => ends.Count == 2, "the second end");
    }

    [Fact]
    public async Task A_cancelled_caller_gets_its_cancellation_and_the_connection_stays()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var link = await TestLink.ConnectAsync(broker.Address);
        broker.Freeze();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => link.PublishAsync(TestLink.Text("a", "x"), soon.Token));

        broker.Thaw();
        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("a", "y")).Kind);
    }

    private string WriteSecret(string content)
    {
        var file = _folder["password"];
        File.WriteAllText(file, content);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }
}
