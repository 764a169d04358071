using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.EndToEnd.Tests.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class SystemdServicesTests
{
    [Theory]
    [InlineData("60000000", "7", 60.0)]
    [InlineData("60000000", null, 60.0)]
    [InlineData("500000", "", 0.5)]
    public void The_watchdogs_limit_is_the_one_that_systemd_sets_for_this_process(string microseconds, string? pid, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), SystemdServices.WatchdogLimit(Of(microseconds, pid), 7));

    [Theory]
    [InlineData(null, null)]
    [InlineData("60000000", "8")]
    [InlineData("0", "7")]
    [InlineData("soon", "7")]
    [InlineData("-5", "7")]
    public void Without_a_watchdog_for_this_process_there_is_no_limit(string? microseconds, string? pid) =>
        Assert.Null(SystemdServices.WatchdogLimit(Of(microseconds, pid), 7));

    [Fact]
    public void The_notify_protocol_is_used_whenever_there_is_a_socket_for_it()
    {
        var services = new ServiceCollection().AddSystemdNotifications(name => name == "NOTIFY_SOCKET" ? "/run/x" : null);
        Assert.Contains(services, service => service.ServiceType == typeof(ISystemdNotifier));
        Assert.Contains(services, service => service.ServiceType == typeof(IHostLifetime));
        Assert.Empty(new ServiceCollection().AddSystemdNotifications(_ => null));
    }

    [Fact]
    public void A_credential_is_read_only_from_systemds_folder()
    {
        var environment = new Dictionary<string, string> { ["CREDENTIALS_DIRECTORY"] = "/run/credentials/other.service" };
        Assert.Equal("/run/credentials/other.service/mqtt-password", SystemdCredential.Resolve("credential:mqtt-password", environment));
        Assert.Equal("/run/credentials/other.service/shadow", SystemdCredential.Resolve("credential:../../../etc/shadow", environment));
        Assert.Equal("/run/credentials/mobilevlm.service/a", SystemdCredential.Resolve("credential:a", new Dictionary<string, string>()));
        Assert.Equal("secrets/a", SystemdCredential.Resolve("secrets/a", environment));
        Assert.Null(SystemdCredential.Resolve(null, environment));
    }

    [Fact]
    public void The_outbox_is_the_configured_file_otherwise_in_the_state_folder_otherwise_in_memory()
    {
        using var fixture = new ConfigurationFixture();
        Assert.Null(fixture.Read(ConfigurationFixture.Small()).ToOutboxSettings());
        fixture.Environment["STATE_DIRECTORY"] = "/var/lib/mobilevlm:/var/lib/other";
        Assert.Equal("/var/lib/mobilevlm/outbox.db", fixture.Read(ConfigurationFixture.Small()).ToOutboxSettings()!.Path);
        Assert.Equal(
            Path.Combine(fixture.Current, "events.db"),
            fixture.Read(ConfigurationFixture.Small(more: ", \"Outbox\": { \"Path\": \"events.db\" }")).ToOutboxSettings()!.Path);
    }

    private static Func<string, string?> Of(string? microseconds, string? pid) =>
        name => name switch { "WATCHDOG_USEC" => microseconds, "WATCHDOG_PID" => pid, _ => null };
}
