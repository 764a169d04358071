
namespace MobileVlm.Edge.Tools.Faults;

/// <summary>One fault's stage: the built service, a real mosquitto behind a gate, an independent subscriber, and a count of
/// all events.</summary>
internal sealed class FaultRig : IAsyncDisposable
{
    public const string Camera = "gate";

    /// <summary>Beyond what a reconnect may take at most, on a machine that does other things.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>What earlier subscribers got, each of which went with its broker.</summary>
    private readonly List<ReceivedMessage> _before = [];
    private MosquittoSub? _subscriber;
    private readonly MosquittoOptions _options;
    private EdgeProcess? _service;

    private FaultRig(Mosquitto broker, MosquittoOptions options)
    {
        (Broker, _options) = (broker, options);
        Gate = new BrokerProxy(broker.Port);
        Pictures = TestFootage.Pictures(Path.Combine(Folder, "pictures"));
        Outbox = Path.Combine(Folder, "outbox.db");
        Cameras[Camera] = new FaultCamera(Pictures, FrameRate: 10);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mobilevlm-fault-").FullName;

    public Mosquitto Broker { get; }

    public BrokerProxy Gate { get; }

    public EventLedger Ledger { get; } = new();

    public string Pictures { get; }

    public string Outbox { get; set; }

    /// <summary>By name; one that shows pictures from a folder unless the fault is a camera's.</summary>
    public Dictionary<string, FaultCamera> Cameras { get; } = [];

    /// <summary>Further sections of the configuration.</summary>
    public Dictionary<string, object> More { get; } = [];

    /// <summary>Added to the service's environment.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The one that runs.</summary>
    public EdgeProcess Service => _service ?? throw new InvalidOperationException("The service was not started.");

    public IEnumerable<ReceivedMessage> Received => [.. _before, .. _subscriber?.Messages ?? []];

    /// <summary>With the broker running, the gate open and somebody subscribed.</summary>
    public static async Task<FaultRig> StartAsync(MosquittoOptions? options = null)
    {
        options ??= new MosquittoOptions();
        var rig = new FaultRig(await Mosquitto.StartAsync(options), options);
        try
        {
            await rig.SubscribeAsync();
            rig.Gate.Open();
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
        await Service.SaysAsync("Node edge-1 watches");
    }

    /// <summary>Does not wait until it is there.</summary>
    public void StartService()
    {
        string? password = null;
        if (_options.User is not null)
        {
            password = Path.Combine(Folder, "password");
            File.WriteAllText(password, _options.Password);
        }

        var config = FaultConfiguration.Write(
            Folder, Gate.Address, Cameras, Outbox, login: password is null ? null : (_options.User!, password), more: More);
        _service = EdgeProcess.Start(Environment, "run", "--config", config);
    }

    /// <summary>SIGKILL. What it had said and what lies in its outbox is counted.</summary>
    /// <returns>Events that it said it had kept.</returns>
    public async Task<int> KillServiceAsync()
    {
        Service.Kill();
        await Service.ExitAsync();
        return await EndedAsync();
    }

    /// <summary>SIGTERM, and it must end in order.</summary>
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

    /// <summary>The broker goes without a goodbye, and what connects finds nobody.</summary>
    public async Task KillBrokerAsync()
    {
        await Broker.StopAsync();
        await UnsubscribeAsync();
        Gate.Close();
    }

    /// <summary>It comes back, the subscriber first.</summary>
    public async Task RestartBrokerAsync()
    {
        await KillBrokerAsync();
        await Broker.RestartAsync();
        await SubscribeAsync();
        Gate.Open();
    }

    /// <summary>Waits until the service has taken so many further events into its outbox.</summary>
    public Task ProducesAsync(int events)
    {
        var until = EventLedger.Count(Service.Errors) + events;
        return HappensAsync($"the service did not produce {events} more events", () => EventLedger.Count(Service.Errors) >= until);
    }

    /// <summary>Waits until so many further events have arrived, of a topic that has this in it.</summary>
    public Task ReceivesAsync(int events, string of = "/")
    {
        var until = Count() + events;
        return HappensAsync($"{events} more events of '{of}' did not arrive", () => Count() >= until);

        int Count() => Received.Count(message => EventLedger.IsEvent(message) && message.Topic.Contains(of, StringComparison.Ordinal));
    }

    /// <summary>Waits for a retained or passing message from now on.</summary>
    public Task SaysAsync(string topic, string value)
    {
        var seen = Received.Count(Fits);
        return HappensAsync($"'{value}' never came to {topic}", () => Received.Count(Fits) > seen);

        bool Fits(ReceivedMessage message) => message.Topic == topic && message.Text == value;
    }

    /// <summary>Stops the service in order, starts it as often as it takes to empty its outbox, and counts.</summary>
    public async Task<EventCount> CountAsync()
    {
        if (_service is { HasExited: false })
        {
            Ledger.ReadLog(Service.Errors);
            await Until.TrueAsync(() => Missing(Service.Errors) < 20, Patience);
            await StopServiceAsync();
        }

        // A stop has its limit, and what is left then goes with the next start, which need not see much.
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
        await Gate.DisposeAsync();
        await Broker.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>What may still come: neither arrived nor said to be lost.</summary>
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

    // It would come back with the broker, beside its successor, and get everything a second time.
    private async Task UnsubscribeAsync()
    {
        if (_subscriber is { } gone)
        {
            // What the broker handed over before it died may not have been read yet.
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
