using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Rules;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Deploy.Http;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Deploy.Watch;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm demo</c>: runs the real pipeline on a bundled clip and shows what a real MQTT subscriber receives.</summary>
internal static class DemoCommand
{
    private const string Camera = "gate";
    private const string Embedded = "embedded";
    private const string Model = "mobilevlm-demo-gate";
    private const int HttpPort = 8080;
    private const string Stop = "Ctrl+C stops the demo.";

    private static string Assets => Path.Combine(AppContext.BaseDirectory, "demo");

    public static Command Create()
    {
        var broker = new Option<string>("--broker")
        {
            Description = "'embedded', or your own broker: mqtt://host[:port].",
            HelpName = "URL",
            DefaultValueFactory = _ => Embedded,
        };
        var once = new Option<bool>("--once") { Description = "Play the clip once and end; without this option it plays until Ctrl+C." };
        var speed = new Option<double>("--speed")
        {
            Description = "Play the clip faster or slower than it was recorded (1 is real pace); the pace of questions changes with it.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        speed.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double>() is not (>= 0.1 and <= 100))
            {
                r.AddError("--speed is 0.1 to 100.");
            }
        });
        var verbose = new Option<bool>("--verbose") { Description = "Show the log instead of the table." };
        var command = new Command(
            "demo", "Watch a bundled clip: toy model, embedded broker, answers as they are published.")
        {
            broker, once, speed, verbose,
        };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetRequiredValue(broker), parsed.GetValue(once), parsed.GetValue(speed), parsed.GetValue(verbose), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string broker, bool once, double speed, bool verbose, CancellationToken cancel)
    {
        if (BrokerAddress.FindError(broker) is { } error)
        {
            throw new UsageException($"--broker: '{broker}' {error}.");
        }

        Terminal.Info("The demo's model is a toy, trained on rendered images of one gate: it knows that gate and nothing else.");
        var model = EnsureModel(cancel);
        using var state = new DemoState();
        var settings = new DemoSettings(broker, once, speed, model, state.Folder, HistoryFolder(model, state.Folder));
        var configuration = LoadConfiguration(settings, EmbeddedBroker.DefaultPort, HttpPort);
        var view = new LiveView(ScreenOutput.ForErrors(), TimeProvider.System);
        using var log = new ScreenLog(TimeProvider.System);
        using var loggers = verbose || !view.IsLive
            ? LoggerFactory.Create(l => l.AddEdgeConsole(verbose ? LogLevel.Debug : LogLevel.Warning))
            : LoggerFactory.Create(l => l.AddProvider(log));
        await using var http = await StartHttpAsync(configuration, settings, loggers, cancel);
        http.ShowDevice(loggers);
        await using var runtime = await StartAsync(configuration, loggers, http, () =>
        {
            Terminal.Info($"Port {EmbeddedBroker.DefaultPort} is in use (another broker?), so the embedded broker uses a free one.");
            return LoadConfiguration(settings, brokerPort: 0, HttpPort);
        });
        http.Ready(runtime.System, new LiveConfiguration(runtime.Configuration, runtime.Apply, loggers), metrics: null, runtime.History);

        var address = runtime.BrokerAddress!;
        var (host, port) = (address.Host, address.Port > 0 ? address.Port : EmbeddedBroker.DefaultPort);
        string[] hints =
        [
            $"In a browser: {http.Address}",
            $"Every answer is published to {runtime.Broker}. To see it in another terminal:",
            $"  mosquitto_sub -h {host} -p {port} -t 'mobilevlm/#' -v",
        ];
        var topics = configuration.ToTopics();
        WatchedQuestion[] questions =
            [.. configuration.ToEdgeSettings(model).Cameras[0].Questions.Select(q => new WatchedQuestion(Camera, q.Id, q.Text))];
        var watched = new WatchState(topics, questions, TimeProvider.System) { Changed = verbose ? null : view.Write };
        await using var subscriber = await MqttSubscriber.ConnectAsync(
            configuration.ToMqttSettings(address), topics.All, watched.Receive, cancel);
        if (!view.IsLive || verbose)
        {
            Terminal.Info($"{string.Join('\n', hints)}\n{Stop}");
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var showing = verbose ? Task.CompletedTask : view.ShowAsync(
            watched, _ => new ScreenFrame("MobileVlm.Edge demo: a toy model watches a bundled clip", hints, log.Recent, Stop), ended.Token);
        var outcome = await WaitAsync(runtime.System, cancel);
        await http.StopAsync();
        await runtime.System.StopAsync(CancellationToken.None);
        await SettleAsync(watched);
        await ended.CancelAsync();
        await showing;
        foreach (var line in log.All)
        {
            Terminal.Info($"Logged: {line}");
        }

        if (outcome is { Kind: EdgeOutcomeKind.Failed, Reason: var reason })
        {
            Terminal.Error(reason);
            return ExitCode.Failed;
        }

        Terminal.Info($"To watch your own camera: 'mobilevlm init' asks for broker, camera and model and writes a configuration.");
        Summarize(runtime.System.Stats(), watched.AnswerCount);
        return ExitCode.Done;
    }

    /// <summary>Waits until no more answers arrive, so that the last ones are counted.</summary>
    private static async Task SettleAsync(WatchState state)
    {
        for (var (before, quiet) = (-1L, 0); quiet < 3; await Task.Delay(100))
        {
            quiet = before == state.AnswerCount ? quiet + 1 : 0;
            before = state.AnswerCount;
        }
    }

    private static async Task<EdgeRuntime> StartAsync(
        EdgeConfiguration configuration, ILoggerFactory loggers, HttpFrontEnd http, Func<EdgeConfiguration> onPortBusy)
    {
        try
        {
            return await EdgeRuntime.StartAsync(configuration, TimeProvider.System, loggers, http.Events, http.Addresses);
        }
        catch (EmbeddedBrokerPortBusyException)
        {
            return await EdgeRuntime.StartAsync(onPortBusy(), TimeProvider.System, loggers, http.Events, http.Addresses);
        }
    }

    private static async Task<HttpFrontEnd> StartHttpAsync(
        EdgeConfiguration configuration, DemoSettings settings, ILoggerFactory loggers, CancellationToken cancel)
    {
        try
        {
            return (await HttpFrontEnd.StartAsync(configuration, TimeProvider.System, loggers, cancel))!;
        }
        catch (HttpPortBusyException)
        {
            Terminal.Info($"Port {HttpPort} is in use, so the page uses a free one.");
            return (await HttpFrontEnd.StartAsync(
                LoadConfiguration(settings, EmbeddedBroker.DefaultPort, httpPort: 0), TimeProvider.System, loggers, cancel))!;
        }
    }

    /// <summary>Waits for the end of the clip.</summary>
    /// <returns>The outcome; null if the user stopped the demo.</returns>
    private static async Task<EdgeOutcome?> WaitAsync(EdgeSystem system, CancellationToken cancel)
    {
        try
        {
            return await system.Completion.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>The folder of the history: beside the model, so that it is there at the next demo; in the state folder of this run where another
    /// demo uses that.</summary>
    private static string HistoryFolder(string model, string state)
    {
        var lasting = Path.Combine(Path.GetDirectoryName(model)!, "demo-history");
        try
        {
            InstanceLock.TakeFolder("History:Folder", lasting).Dispose();
            return lasting;
        }
        catch (StorageInUseException)
        {
            return Path.Combine(state, "history");
        }
    }

    /// <summary>Imports the bundled checkpoint on first use.</summary>
    private static string EnsureModel(CancellationToken cancel)
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home
                ? Path.Combine(home, ".cache")
                : Path.GetTempPath();
        var target = Path.Combine(root, "mobilevlm", Model);
        try
        {
            ModelFolder.Open(target);
            return target;
        }
        catch (ModelFolderException) when (Directory.Exists(target))
        {
            // The folder is damaged or of another version. It is a cache, so it is created again.
            Directory.Delete(target, recursive: true);
        }
        catch (ModelFolderException)
        {
            Terminal.Info("First run: importing the bundled checkpoint.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        ImportProgressBar.Import(Path.Combine(Assets, Model), target, new ImportChoice(PrecisionPlan.Fp32, Calibration: null, Replace: false), cancel);
        return target;
    }

    /// <summary>Loads the bundled configuration file with the command's options. Environment variables are ignored, because they may
    /// be intended for another service.</summary>
    private static EdgeConfiguration LoadConfiguration(DemoSettings settings, int brokerPort, int httpPort)
    {
        var (broker, once, speed, model, state, _) = settings;
        var document = JsonNode.Parse(
            File.ReadAllText(Path.Combine(Assets, ConfigurationSources.FileName)),
            documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip })!;
        var section = document[EdgeOptions.Section]!;
        section["Model"]!["Path"] = model;
        section["Mqtt"]!["Broker"] = broker;
        if (broker == Embedded)
        {
            section["Mqtt"]!["Port"] = brokerPort;
        }

        section["StateFolder"] = state;
        section["History"] = new JsonObject { ["Folder"] = settings.HistoryFolder, ["MaxMegabytes"] = 200, ["MinFreeMegabytes"] = 100 };
        section["Http"] = new JsonObject { ["Listen"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{httpPort}") };

        var camera = section["Cameras"]![Camera]!;
        (camera["Source"], camera["Loop"], camera["Speed"]) = (Path.Combine(Assets, "gate.mp4"), !once, speed);
        foreach (var (_, question) in camera["Questions"]!.AsObject())
        {
            foreach (var time in (string[])["Every", "HoldFor", "HoldNoFor", "CoolDown"])
            {
                if (question![time] is { } span)
                {
                    var real = TimeSpan.Parse(span.GetValue<string>(), CultureInfo.InvariantCulture);
                    question[time] = (real / speed).ToString("c", CultureInfo.InvariantCulture);
                }
            }
        }

        return EdgeConfiguration.FromJson(
            document.ToJsonString(), ConfigurationSources.OfThisProcess() with { Environment = new Dictionary<string, string>() });
    }

    private static void Summarize(StatsPayload stats, long answersSeen)
    {
        var camera = stats.Cameras[Camera];
        Terminal.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"{stats.Pipeline.Answers} answers about {camera.FramesUsed} frames, {answersSeen} received by the subscriber; {camera.FramesCaptured} frames captured, {camera.FramesIdle} with no question due, {camera.FramesReplaced} replaced by newer ones; oldest frame at its answer {stats.Pipeline.MaxAgeMs ?? 0:0} ms."));
    }

    /// <summary>What the demo is run with.</summary>
    private sealed record DemoSettings(string Broker, bool Once, double Speed, string Model, string StateFolder, string HistoryFolder);

    /// <summary>A folder for what is changed while the demo runs; deleted at its end.</summary>
    private sealed class DemoState : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("mobilevlm-demo-").FullName;

        public void Dispose()
        {
            try
            {
                Directory.Delete(Folder, recursive: true);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                Terminal.Info($"{Folder} cannot be deleted: {fault.Message}");
            }
        }
    }
}
