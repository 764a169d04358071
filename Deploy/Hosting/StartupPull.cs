using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Downloads and imports the model of <c>Model:Pull</c> before the service opens it. An attempt that fails is followed by another, without
/// end, because a device may come up before its network does.</summary>
internal sealed partial class StartupPull(
    EdgeConfiguration configuration, PullStatus status, ISystemdNotifier? systemd, TimeProvider time, ILogger<StartupPull> logger)
{
    /// <summary>Between two lines of the log, and two notifications of systemd.</summary>
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(30);

    /// <summary>systemd waits so long for the next notification.</summary>
    private static readonly TimeSpan Extension = TimeSpan.FromMinutes(5);

    private readonly ILogger _logger = logger;

    /// <summary>The wait after the first failure; it doubles up to <see cref="LongestWait"/>.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The hub; null for that of the environment.</summary>
    public HubSettings? Hub { get; init; }

    /// <summary>Whether a model is to be pulled.</summary>
    public static bool IsNeeded(EdgeConfiguration configuration) =>
        configuration.Options.Model.Pull is not null && !File.Exists(Path.Combine(configuration.ModelPath, ModelManifest.FileName));

    /// <summary>Returns when the model is there.</summary>
    /// <exception cref="OperationCanceledException">The service stops.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        LogBegins(configuration.Options.Model.Pull!, configuration.ModelPath);
        await using var report = time.CreateTimer(_ => Report(), null, TimeSpan.Zero, ReportEvery);
        for (var attempt = 1; ; attempt++)
        {
            status.BeginAttempt(attempt);
            try
            {
                // Off the caller's thread, because the import computes for minutes.
                var model = await Task.Run(() => ModelPull.RunAsync(Request(), cancel, status), cancel);
                LogDone(model!.Manifest.Name, model.FolderPath);
                return;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception fault)
            {
                var wait = WaitAfter(attempt);
                var reason = ReasonOf(fault);
                status.Wait(reason, wait);
                LogFailed(attempt, reason, Math.Round(wait.TotalSeconds));
                await Task.Delay(wait, time, cancel);
            }
        }
    }

    /// <summary>What went wrong, without advice that is meant for somebody at a terminal.</summary>
    internal static string ReasonOf(Exception fault) => fault switch
    {
        HubException { Reason: { } reason } => reason,
        AggregateException { InnerException: { } inner } => ReasonOf(inner),
        IOException => FailureText(fault.Message),
        _ => fault.Message,
    };

    private static string FailureText(string message) =>
        message.StartsWith("No space left", StringComparison.OrdinalIgnoreCase) ? $"{message}. Free some space, or use a larger disk." : message;

    private TimeSpan WaitAfter(int attempt)
    {
        var doubled = FirstWait * Math.Pow(2, Math.Min(attempt - 1, 20));
        return doubled < LongestWait ? doubled : LongestWait;
    }

    private PullRequest Request() => new()
    {
        Id = configuration.Options.Model.Pull,
        Folder = configuration.ModelPath,
        Revision = "main",
        Import = ImportChoice.Default(isForCuda: configuration.Options.Model.Target.StartsWith("cuda", StringComparison.OrdinalIgnoreCase)),
        Hub = Hub ?? HubOptions.Read(null, null),
    };

    private void Report()
    {
        if (status.Progress is { Percent: { } percent, Step: var step } progress)
        {
            var (done, rounded) = (DoneOf(progress.Bytes ?? 0, progress.TotalBytes ?? 0), Math.Round(percent));
            LogProgress(step, done, rounded);
        }

        systemd?.Notify(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={Extension.TotalMicroseconds:0}\nSTATUS={status.Text}")));
    }

    private static string DoneOf(long bytes, long total) =>
        $"{Inference.Machine.DiskSpace.Text(bytes)} of {Inference.Machine.DiskSpace.Text(total)}";

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "There is no model yet, so {Id} is downloaded and imported into {Folder}. Until then the service answers /readyz only.")]
    private partial void LogBegins(string id, string folder);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Pulling the model, {Step}: {Done} ({Percent} %).")]
    private partial void LogProgress(string step, string done, double percent);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "Imported the model {Model} into {Folder}.")]
    private partial void LogDone(string model, string folder);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Attempt {Attempt} to pull the model failed: {Reason} The next one is in {Seconds} s; it resumes the download.")]
    private partial void LogFailed(int attempt, string reason, double seconds);
}
