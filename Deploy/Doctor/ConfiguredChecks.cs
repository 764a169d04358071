using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Deploy.Bench;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Tests what a configuration names: folders and permissions, the model with a picture, the broker, each camera's
/// first frame, the running service.</summary>
internal static class ConfiguredChecks
{
    public static async Task RunAsync(EdgeConfiguration configuration, DoctorReport report, CancellationToken cancel)
    {
        var unit = ServiceUnit.Read();
        var isOfUnit = unit is not null && unit.ConfigurationFile == configuration.File;
        AddAll(MachineChecks.Tools([.. configuration.ToCameraSettings().Select(it => it.Source)]));
        AddAll(TemperatureChecks.Run(configuration.Options.Pace, new DeviceTemperature(configuration.Options.Pace.Sensor)));
        AddAll(StorageChecks.Run(configuration, isOfUnit ? unit : null, Environment.UserName));
        AddAll(OverlayChecks.Run(configuration));
        AddAll(TaughtChecks.Run(configuration));
        if (isOfUnit)
        {
            AddAll(ServiceUserChecks.Run(configuration, unit!, Environment.UserName));
        }

        report.Begin("the model");
        AddAll(await Task.Factory.StartNew(
            () => TryModel(configuration, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        AddAll(HttpChecks.Run(configuration, isOfUnit ? unit!.User : null, TimeProvider.System));
        AddAll(await WebhookChecks.RunAsync(configuration, cancel));
        report.Begin("the cluster");
        AddAll(await ClusterChecks.RunAsync(configuration, TimeProvider.System, cancel));
        report.Begin("the broker");
        var (broker, _) = configuration.HasBroker
            ? await TryBrokerAsync(configuration, cancel)
            : (Finding.Fine("broker", "none is configured; answers are available over HTTP"), false);
        report.Add(broker);
        foreach (var camera in configuration.ToCameraSettings())
        {
            report.Begin($"camera {camera.Id}");
            report.Add(await TryCameraAsync(camera, cancel));
        }

        // An embedded broker that is not running has received nothing.
        if (configuration.HasBroker && (configuration.EmbeddedBrokerPort is null ? broker.Kind == FindingKind.Fine : broker.Kind == FindingKind.Note))
        {
            report.Begin("the running service");
            AddAll(await RunningChecks.RunAsync(configuration, TimeProvider.System, cancel));
        }

        void AddAll(IEnumerable<Finding> findings)
        {
            foreach (var finding in findings)
            {
                report.Add(finding);
            }
        }
    }

    /// <summary>Opens the model and asks it one question, if it fits into memory.</summary>
    public static List<Finding> TryModel(EdgeConfiguration configuration, CancellationToken cancel)
    {
        if (!configuration.HasModel)
        {
            return [Finding.Fine("model", "none on this host; other hosts of the cluster answer")];
        }

        var bytes = ServiceUserChecks.ModelFiles(configuration.ModelPath).Sum(file => file.Length);
        var memory = MachineMemory.Read();
        if (memory.CheckSize(bytes) is { } tooLarge)
        {
            return [tooLarge];
        }

        var model = OpenModel(configuration, cancel);
        return model.Kind == FindingKind.Bad ? [model] : [model, memory.CheckModel(MemoryUse.Now().Peak)];
    }

    private static Finding OpenModel(EdgeConfiguration configuration, CancellationToken cancel)
    {
        try
        {
            OnnxRuntimeLibrary.Use(configuration.RuntimeLibrary);
            var folder = ModelFolder.Open(configuration.ModelPath);
            var placements = new Dictionary<string, SessionPlacement>();
            using var model = TestedModel.Open(
                folder, configuration.ToExecutionSettings(placement => placements[placement.File] = placement), SelfTestExtent.Fast, cancel);
            if (folder.Manifest.Vision is null)
            {
                return Finding.Fine("model", $"{folder.Manifest.Name}: opens; a text-only model; self-test: {SelfTestText.Describe(model.Outcome)}");
            }

            using var encoder = model.TakeEncoder();
            using var answerer = model.TakeAnswerer(configuration.ContextTokens);
            var started = Stopwatch.GetTimestamp();
            using var tokens = encoder.Encode(new RgbImage(new byte[64 * 64 * 3], 64, 64));
            answerer.PrefillPicture(tokens);
            answerer.Ask(new Question("Is there a person?", AnswerKind.YesNo), cancel);
            var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var found = string.Create(
                CultureInfo.InvariantCulture,
                $"{folder.Manifest.Name}: opens and answers; {string.Join("; ", placements.Values)}; first answer after {took:0} ms; self-test: {SelfTestText.Describe(model.Outcome)}");
            if (placements.Values.FirstOrDefault(p => p.Reason is not null) is { } onCpu)
            {
                return Finding.Note("model", found, $"Model:Target is 'auto', which chose the CPU: {onCpu.Reason}");
            }

            if (placements.Values.FirstOrDefault(p => p.Kernel?.Advice is not null) is { } slow)
            {
                return Finding.Note("model", found, $"{slow.File} runs on a slow int8 kernel. {slow.Kernel!.Advice}");
            }

            return model.Outcome is null ? Finding.Note("model", found, "Without it, nothing checks that this processor computes the right results.") : Finding.Fine("model", found);
        }
        catch (ExecutionTargetException e)
        {
            return Finding.Bad("model", e.Message, "Model:Target 'cpu' runs without a GPU, 'auto' where there is none.");
        }
        catch (ModelFolderException e)
        {
            return Finding.Bad("model", e.Message, "Model:Path must name a folder that 'mobilevlm model import' made.");
        }
    }

    /// <summary>Connects to the broker, or checks whether the embedded one could start.</summary>
    /// <returns>The finding, and whether the broker can be reached but refuses the user.</returns>
    public static async Task<(Finding Finding, bool Refused)> TryBrokerAsync(EdgeConfiguration configuration, CancellationToken cancel)
    {
        if (configuration.EmbeddedBrokerPort is { } port)
        {
            try
            {
                await using var broker = await EmbeddedBroker.StartAsync(port, NullLogger.Instance);
                return (Finding.Fine("broker", $"embedded, {broker.Address} is free"), false);
            }
            catch (EmbeddedBrokerPortBusyException e)
            {
                return (Finding.Note("broker", e.Message, "If the service runs already, this is its broker."), false);
            }
        }

        // Another client id, so that a running service keeps its connection; its will is never used.
        var settings = configuration.ToMqttSettings(null);
        await using var link = new MqttLink(settings with { ClientId = MqttClientId.ForNode($"doctor-{Environment.ProcessId}") }, NullLogger.Instance);
        var outcome = await link.ConnectAsync(cancel);
        if (outcome.Kind != ConnectOutcomeKind.Connected)
        {
            return (Finding.Bad("broker", $"{link.Description}: no connection", outcome.Reason), outcome.Kind == ConnectOutcomeKind.Refused);
        }

        await link.DisconnectAsync(cancel);
        return (Finding.Fine("broker", $"{link.Description} accepts the connection"), false);
    }

    /// <summary>Opens a camera and waits for its first frame.</summary>
    public static async Task<Finding> TryCameraAsync(CameraSettings settings, CancellationToken cancel)
    {
        using var first = await FirstFrame.CaptureAsync(settings, TimeProvider.System, cancel);
        return first.Frame is { } frame
            ? Finding.Fine($"camera {settings.Id}", string.Create(
                CultureInfo.InvariantCulture, $"{first.Description}: {frame.Width}x{frame.Height}, first picture after {first.Elapsed.TotalSeconds:0.0} s"))
            : Finding.Bad($"camera {settings.Id}", $"{first.Description}: no picture", first.Reason);
    }
}
