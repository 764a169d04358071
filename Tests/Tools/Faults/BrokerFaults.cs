
namespace MobileVlm.Edge.Tools.Faults;

/// <summary>Failures of the broker.</summary>
internal static class BrokerFaults
{
    private const int Some = 10;
    private const int More = 25;

    // Allows everything except events; the test allows everything later.
    private const string NoEvents = """
        topic read mobilevlm/#
        topic write mobilevlm/edge-1/availability
        topic write mobilevlm/edge-1/stats
        topic write mobilevlm/edge-1/+/availability
        topic write mobilevlm/edge-1/+/+/state
        topic write mobilevlm/edge-1/+/+/answer
        topic write mobilevlm/edge-1/+/+/enabled
        """;

    public static IEnumerable<FaultCase> All =>
    [
        new("broker killed, restarted without persistence", KilledAsync),
        new("broker killed, restarted with persistence", () => KilledAsync(new MosquittoOptions { Persistent = true })),
        new("broker killed five times in a row", KilledOftenAsync),
        new("broker frozen (SIGSTOP) for 25 s", FrozenAsync),
        new("broker refuses the login", LoginRefusedAsync),
        new("broker refuses the topic (ACL)", TopicRefusedAsync),
        new("broker full: refuses messages over 200 bytes", TooLargeAsync),
        new("broker full: takes one connection only", ConnectionLimitAsync),
    ];

    public static Task<FaultResult> KilledAsync() => KilledAsync(new MosquittoOptions());

    private static async Task<FaultResult> KilledAsync(MosquittoOptions options)
    {
        await using var rig = await FaultRig.StartAsync(options);
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(Some);
        await rig.KillBrokerAsync();
        await rig.ProducesAsync(More);
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(More);
        return new FaultResult(await rig.CountAsync());
    }

    private static async Task<FaultResult> KilledOftenAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        await rig.StartServiceAsync();
        for (var time = 0; time < 5; time++)
        {
            await rig.ReceivesAsync(5);
            await rig.KillBrokerAsync();
            await rig.ProducesAsync(5);
            await rig.RestartBrokerAsync();
        }

        await rig.ReceivesAsync(Some);
        return new FaultResult(await rig.CountAsync());
    }

    private static async Task<FaultResult> FrozenAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(Some);
        rig.Broker.Freeze();

        // Longer than the service waits for an acknowledgement, and for the answer to its next connect.
        await Task.Delay(TimeSpan.FromSeconds(25));
        await rig.ProducesAsync(More);
        rig.Broker.Thaw();
        await rig.ReceivesAsync(More);
        return new FaultResult(await rig.CountAsync());
    }

    private static async Task<FaultResult> LoginRefusedAsync()
    {
        var options = new MosquittoOptions { User = "edge" };
        await using var rig = await FaultRig.StartAsync(options);
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(Some);
        var password = Path.Combine(rig.Folder, "password");
        await File.WriteAllTextAsync(password, "wrong");
        rig.Proxy.Close();
        rig.Proxy.Open();
        await rig.Service.LogsAsync("No connection to");
        await rig.ProducesAsync(More);
        await File.WriteAllTextAsync(password, options.Password);
        await rig.ReceivesAsync(More);
        return new FaultResult(await rig.CountAsync());
    }

    private static async Task<FaultResult> TopicRefusedAsync()
    {
        await using var rig = await FaultRig.StartAsync(new MosquittoOptions { Acl = NoEvents });
        await rig.StartServiceAsync();
        await rig.Service.LogsAsync("others go first");
        await rig.ProducesAsync(More);
        rig.Broker.ChangeAcl("topic readwrite #");
        await rig.ReceivesAsync(More);
        return new FaultResult(await rig.CountAsync(), "sent with the next try, a minute after the refusal");
    }

    private static async Task<FaultResult> TooLargeAsync()
    {
        await using var rig = await FaultRig.StartAsync(new MosquittoOptions { Extra = "message_size_limit 200" });
        await rig.StartServiceAsync();
        await rig.ProducesAsync(More);
        await rig.KillBrokerAsync();
        await rig.Broker.RestartWithAsync("");
        await rig.SubscribeAsync();
        rig.Proxy.Open();
        await rig.ReceivesAsync(More);
        return new FaultResult(await rig.CountAsync());
    }

    private static async Task<FaultResult> ConnectionLimitAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(Some);
        await rig.KillBrokerAsync();

        // The subscriber uses the only connection.
        await rig.Broker.RestartWithAsync("max_connections 1");
        await rig.SubscribeAsync();
        rig.Proxy.Open();
        await rig.ProducesAsync(More);
        await rig.KillBrokerAsync();
        await rig.Broker.RestartWithAsync("");
        await rig.SubscribeAsync();
        rig.Proxy.Open();
        await rig.ReceivesAsync(More);
        return new FaultResult(await rig.CountAsync());
    }
}
