using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.EndToEnd.Tests.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class ServiceManagerTests
{
    [Theory]
    [InlineData("60000000", "7", 60.0)]
    [InlineData("60000000", null, 60.0)]
    [InlineData("500000", "", 0.5)]
    public void The_watchdogs_limit_is_what_systemd_says_for_this_process(string microseconds, string? pid, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ServiceManager.WatchdogLimit(Of(microseconds, pid), 7));

    [Theory]
    [InlineData(null, null)]
    [InlineData("60000000", "8")]
    [InlineData("0", "7")]
    [InlineData("soon", "7")]
    [InlineData("-5", "7")]
    public void Nothing_is_fed_where_nobody_watches_this_process(string? microseconds, string? pid) =>
        Assert.Null(ServiceManager.WatchdogLimit(Of(microseconds, pid), 7));

    [Fact]
    public void The_notify_protocol_is_joined_when_a_socket_was_handed_over_whatever_the_parent_is()
    {
        var services = new ServiceCollection().AddServiceManager(name => name == "NOTIFY_SOCKET" ? "/run/x" : null);
        Assert.Contains(services, service => service.ServiceType == typeof(ISystemdNotifier));
        Assert.Contains(services, service => service.ServiceType == typeof(IHostLifetime));
        Assert.Empty(new ServiceCollection().AddServiceManager(_ => null));
    }

    [Fact]
    public void A_credential_is_found_where_systemd_put_it_and_nowhere_else()
    {
        var lent = new Dictionary<string, string> { ["CREDENTIALS_DIRECTORY"] = "/run/credentials/other.service" };
        Assert.Equal("/run/credentials/other.service/mqtt-password", SystemdCredential.Resolve("credential:mqtt-password", lent));
        Assert.Equal("/run/credentials/other.service/shadow", SystemdCredential.Resolve("credential:../../../etc/shadow", lent));
        Assert.Equal("/run/credentials/mobilevlm.service/a", SystemdCredential.Resolve("credential:a", new Dictionary<string, string>()));
        Assert.Equal("secrets/a", SystemdCredential.Resolve("secrets/a", lent));
        Assert.Null(SystemdCredential.Resolve(null, lent));
    }

    [Fact]
    public void The_outbox_is_where_the_configuration_says_or_in_the_state_folder_or_in_memory()
    {
        using var bench = new ConfigurationBench();
        Assert.Null(bench.Read(ConfigurationBench.Small()).ToOutboxSettings());
        bench.Environment["STATE_DIRECTORY"] = "/var/lib/mobilevlm:/var/lib/other";
        Assert.Equal("/var/lib/mobilevlm/outbox.db", bench.Read(ConfigurationBench.Small()).ToOutboxSettings()!.Path);
        Assert.Equal(
            Path.Combine(bench.Current, "box.db"),
            bench.Read(ConfigurationBench.Small(more: ", \"Outbox\": { \"Path\": \"box.db\" }")).ToOutboxSettings()!.Path);
    }

    private static Func<string, string?> Of(string? microseconds, string? pid) =>
        name => name switch { "WATCHDOG_USEC" => microseconds, "WATCHDOG_PID" => pid, _ => null };
}
