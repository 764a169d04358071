
namespace MobileVlm.Edge.Tools.Faults;

/// <summary>The environment of one fault scenario: the built service, a real mosquitto behind a proxy, an independent subscriber, and
/// a count of all events.</summary>
internal sealed class FaultRig : IAsyncDisposable
{
    public const string Camera = "gate";

    /// <summary>The time limit of each wait: more than a reconnect may take, even on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>The messages that earlier subscribers received; each subscriber ended with its broker.</summary>
    private readonly List<ReceivedMessage> _before = [];
    private MosquittoSub? _subscriber;
    private readonly MosquittoOptions _options;
    private EdgeProcess? _service;

    private FaultRig(Mosquitto broker, MosquittoOptions options)
    {
        (Broker, _options) = (broker, options);
        Proxy = new BrokerProxy(broker.Port);
        Images = TestFootage.Images(Path.Combine(Folder, "images"));
        Outbox = Path.Combine(Folder, "outbox.db");
        Cameras[Camera] = new FaultCamera(Images, FrameRate: 10);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mobilevlm-fault-").FullName;

    public Mosquitto Broker { get; }

    public BrokerProxy Proxy { get; }

    public EventLedger Ledger { get; } = new();

    public string Images { get; }

    public string Outbox { get; set; }

    /// <summary>The cameras by name; at first one that shows images from a folder.</summary>
    public Dictionary<string, FaultCamera> Cameras { get; } = [];

    /// <summary>Further sections of the configuration.</summary>
    public Dictionary<string, object> More { get; } = [];

    /// <summary>Additional environment variables of the service.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The running service.</summary>
    public EdgeProcess Service => _service ?? throw new InvalidOperationException("The service was not started.");

    public IEnumerable<ReceivedMessage> Received => [.. _before, .. _subscriber?.Messages ?? []];

    /// <summary>Starts the broker, subscribes, and opens the proxy.</summary>
    public static async Task<FaultRig> StartAsync(MosquittoOptions? options = null)
    {
        options ??= new MosquittoOptions();
        var rig = new FaultRig(await Mosquitto.StartAsync(options), options);
        try
        {
            await rig.SubscribeAsync();
            rig.Proxy.Open();
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    public async Task StartServiceAsync()
    {
        StartService();
        await Service.LogsAsync("Node edge-1 watches");
    }

    /// <summary>Starts the service without waiting until it is ready.</summary>
    public void StartService()
    {
        string? password = null;
        if (_options.User is not null)
        {
            password = Path.Combine(Folder, "password");
            File.WriteAllText(password, _options.Password);
        }

        var config = FaultConfiguration.Write(
            Folder, Proxy.Address, Cameras, Outbox, login: password is null ? null : (_options.User!, password), more: More);
        _service = EdgeProcess.Start(Environment, "run", "--config", config);
    }

    /// <summary>Kills the service (SIGKILL), and counts the events in its log and in its outbox.</summary>
    /// <returns>The number of events that it logged as kept.</returns>
    public async Task<int> KillServiceAsync()
    {
        Service.Kill();
        await Service.ExitAsync();
        return await EndedAsync();
    }

    /// <summary>Stops the service (SIGTERM).</summary>
    /// <exception cref="InvalidOperationException">The exit code was not 0.</exception>
    public async Task StopServiceAsync()
    {
        Service.Terminate();
        var code = await Service.ExitAsync();
        if (code != 0)
        {
            throw new InvalidOperationException($"The service ended with {code}: {Service.Errors}");
        }

        await EndedAsync();
    }

    /// <summary>Kills the broker and closes the proxy, so that new connections fail.</summary>
    public async Task KillBrokerAsync()
    {
        await Broker.StopAsync();
        await UnsubscribeAsync();
        Proxy.Close();
    }

    /// <summary>Restarts the broker, and connects the subscriber before the service.</summary>
    public async Task RestartBrokerAsync()
    {
        await KillBrokerAsync();
        await Broker.RestartAsync();
        await SubscribeAsync();
        Proxy.Open();
    }

    /// <summary>Waits until the service has taken a number of further events into its outbox.</summary>
    public Task ProducesAsync(int events)
    {
        var until = EventLedger.Count(Service.Errors) + events;
        return HappensAsync($"the service did not produce {events} more events", () => EventLedger.Count(Service.Errors) >= until);
    }

    /// <summary>Waits until a number of further events have arrived on topics that contain <paramref name="of"/>.</summary>
    public Task ReceivesAsync(int events, string of = "/")
    {
        var until = Count() + events;
        return HappensAsync($"{events} more events of '{of}' did not arrive", () => Count() >= until);

        int Count() => Received.Count(message => EventLedger.IsEvent(message) && message.Topic.Contains(of, StringComparison.Ordinal));
    }

    /// <summary>Waits for a further message with this topic and payload.</summary>
    public Task PublishesAsync(string topic, string value)
    {
        var seen = Received.Count(IsMatch);
        return HappensAsync($"'{value}' was never published on {topic}", () => Received.Count(IsMatch) > seen);

        bool IsMatch(ReceivedMessage message) => message.Topic == topic && message.Text == value;
    }

    /// <summary>Stops the service, starts it again until its outbox is empty, and counts the events.</summary>
    public async Task<EventCount> CountAsync()
    {
        if (_service is { HasExited: false })
        {
            Ledger.ReadLog(Service.Errors);
            await Until.TrueAsync(() => Missing(Service.Errors) < 20, Patience);
            await StopServiceAsync();
        }

        // A stop has a time limit, and the remaining events are sent after the next start, which needs few frames.
        foreach (var (name, camera) in Cameras.ToList())
        {
            Cameras[name] = camera with { FrameRate = 0.2 };
        }

        for (var again = 0; again < 3 && Ledger.ReadOutbox(Outbox) > 0; again++)
        {
            await StartServiceAsync();
            await Until.TrueAsync(() => Missing(Service.Errors) < 20, Patience);
            await StopServiceAsync();
        }

        await Until.TrueAsync(() => Missing("") == 0, TimeSpan.FromSeconds(5));
        return Ledger.Compare(Received);
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        await UnsubscribeAsync();
        await Proxy.DisposeAsync();
        await Broker.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The number of events that may still arrive: neither received nor reported as lost.</summary>
    private long Missing(string log)
    {
        Ledger.ReadLog(log);
        var count = Ledger.Compare(Received);
        return count.Missing - count.ReportedLost;
    }

    private async Task<int> EndedAsync()
    {
        var log = Service.Errors;
        Ledger.ReadLog(log);
        Ledger.ReadOutbox(Outbox);
        Ledger.NextRun();
        await Service.DisposeAsync();
        _service = null;
        return EventLedger.Count(log);
    }

    public async Task SubscribeAsync()
    {
        await UnsubscribeAsync();
        string[] login = _options.User is { } user ? ["-u", user, "-P", _options.Password] : [];
        _subscriber = await MosquittoSub.StartAsync(Broker.Address, "mobilevlm/#", login);
    }

    // The old subscriber would connect again with the broker, beside the new one, and receive everything twice.
    private async Task UnsubscribeAsync()
    {
        if (_subscriber is { } gone)
        {
            // Messages that the broker delivered before it ended may not have been read yet.
            for (var count = -1; count < gone.Messages.Count;)
            {
                count = gone.Messages.Count;
                await Task.Delay(TimeSpan.FromSeconds(3));
            }

            await gone.DisposeAsync();
            _before.AddRange(gone.Messages);
            _subscriber = null;
        }
    }

    private static Task HappensAsync(string what, Func<bool> condition) => Until.HappensAsync(what, condition, Patience);
}
