using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>The HTTP server of the service. It listens before the model is loaded; what needs the model waits for it.</summary>
internal sealed class HttpFrontEnd : IAsyncDisposable
{
    private readonly EngineCompletion? _engine;
    private readonly ITextCompletion _completion;
    private readonly TimeProvider _time;
    private HttpServer? _server;
    private volatile EdgeSystem? _system;
    private volatile RequestDelegate? _metrics;
    private volatile LiveConfiguration? _live;
    private volatile IHistory? _history;
    private volatile SetupTools? _setup;
    private volatile string? _notReady = "the model is being loaded and tested";

    private HttpFrontEnd(EngineCompletion? engine, SignedAddresses addresses, TimeProvider time)
    {
        (_engine, Addresses, _time) = (engine, addresses, time);
        _completion = engine is null ? new NoModelCompletion(() => _system?.Stats()) : engine;
        Events = new LiveEvents(time);
    }

    /// <summary>The events that viewers follow.</summary>
    public LiveEvents Events { get; }

    /// <summary>Signs addresses of pictures, which then need no token.</summary>
    public SignedAddresses Addresses { get; }

    /// <summary>The newest lines of the log; empty unless somebody adds them.</summary>
    public LogTail Log { get; } = new();

    /// <summary>Reads the state of the machine.</summary>
    public Func<DeviceView> Device { get; set; } = () => new DeviceView();

    /// <summary>The address at which it listens.</summary>
    public Uri Address => _server!.Address;

    /// <summary>Starts listening.</summary>
    /// <returns>Null if the configuration has no HTTP server.</returns>
    /// <exception cref="HttpPortBusyException">The port cannot be used.</exception>
    /// <exception cref="ModelFolderException">The model's folder cannot be read.</exception>
    public static async Task<HttpFrontEnd?> StartAsync(
        EdgeConfiguration configuration, TimeProvider time, ILoggerFactory loggers, CancellationToken cancel)
    {
        if (configuration.ToHttpSettings() is not { } settings)
        {
            return null;
        }

        var key = SignedAddresses.ReadOrCreateKey(configuration.Options.History.Folder is null ? null : configuration.AddressKey);
        var front = new HttpFrontEnd(
            configuration.HasModel ? OpenEngine(configuration, time) : null, new SignedAddresses(key, settings.PublicUrl, time), time);
        front._server = await HttpServer.StartAsync(
            settings,
            new HttpServices
            {
                Completion = front._completion,
                Cameras = () => front._system?.Cameras,
                Questions = () => front._live,
                Setup = () => front._setup,
                Labels = () => front._system?.Labels,
                Teaching = () => front._system?.Teaching,
                History = () => front._history,
                Past = () => front._system?.Past,
                Addresses = front.Addresses,
                NotReady = () => front._notReady,
                Metrics = () => front._metrics,
                Events = front.Events,
                Log = front.Log,
                Device = () => front.Device(),
                Version = ProgramVersion.Text,
                Time = time,
            },
            loggers,
            cancel);
        return front;
    }

    /// <summary>Starts listening while the model is being pulled: everything that needs it is answered with how far that is.</summary>
    /// <returns>Null if the configuration has no HTTP server.</returns>
    /// <exception cref="HttpPortBusyException">The port cannot be used.</exception>
    public static async Task<HttpServer?> StartWaitingAsync(
        EdgeConfiguration configuration, PullStatus status, TimeProvider time, ILoggerFactory loggers, CancellationToken cancel) =>
        configuration.ToHttpSettings() is not { } settings ? null : await HttpServer.StartAsync(
            settings,
            new HttpServices
            {
                Completion = new PendingCompletion(() => status.Text),
                Cameras = () => null,
                Questions = () => null,
                Setup = () => null,
                Labels = () => null,
                Teaching = () => null,
                History = () => null,
                Past = () => null,
                Addresses = new SignedAddresses(SignedAddresses.ReadOrCreateKey(null), settings.PublicUrl, time),
                NotReady = () => status.Text,
                Startup = () => status.Progress,
                Metrics = () => null,
                Events = new LiveEvents(time),
                Log = new LogTail(),
                Device = () => new DeviceView(),
                Version = ProgramVersion.Text,
                Time = time,
            },
            loggers,
            cancel);

    private static EngineCompletion OpenEngine(EdgeConfiguration configuration, TimeProvider time)
    {
        var folder = ModelFolder.Open(configuration.ModelPath);
        var tokenizer = LlamaTextTokenizer.Open(folder);
        return new EngineCompletion(ModelDescriptions.Of(folder, tokenizer, configuration.ContextTokens), tokenizer, time);
    }

    /// <summary>The service runs: everything is answered from now on.</summary>
    /// <param name="system">Started.</param>
    /// <param name="live">The configuration in use.</param>
    /// <param name="metrics">Answers <c>/metrics</c>; null where none are collected.</param>
    /// <param name="history">What is stored on disk; null where no history is kept.</param>
    public void Ready(EdgeSystem system, LiveConfiguration live, RequestDelegate? metrics, IHistory? history = null)
    {
        (_system, _live, _metrics, _setup, _history) = (system, live, metrics, new SetupTools(live, _time), history);
        _engine?.Start(system.Engine);
        _notReady = null;
    }

    /// <summary>Ends all requests and stops listening, within about a second.</summary>
    public Task StopAsync()
    {
        _notReady = "the service stops";
        return _server?.StopAsync() ?? Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _setup?.Dispose();
        _engine?.Dispose();
    }
}
