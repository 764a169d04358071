using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Checks the model before anything else is started, because a service with a damaged model would publish wrong
/// answers.</summary>
internal static partial class ModelCheck
{
    /// <summary>Hashes the model's small files, compares the sizes of the large ones, opens its sessions and runs the short
    /// self-test.</summary>
    /// <returns>The model with open sessions.</returns>
    /// <exception cref="ModelFolderException">The model cannot be used.</exception>
    public static async Task<TestedModel> RunAsync(
        EdgeConfiguration configuration, SessionPlacements sessions, ILoggerFactory loggers, CancellationToken cancel)
    {
        var folder = ModelFolder.Open(configuration.ModelPath);
        var logger = loggers.CreateLogger("Model");

        // It runs on its own thread, because it computes for seconds.
        var model = await Task.Factory.StartNew(
            () => TestedModel.Open(folder, configuration.ToExecutionSettings(sessions.Note), SelfTestExtent.Fast, cancel),
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var (name, found) = (folder.Manifest.Name, SelfTestText.Describe(model.Outcome));
        if (model.Outcome is null)
        {
            Untested(logger, name, found);
        }
        else
        {
            Tested(logger, name, found);
        }

        return model;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Model {Model} passed its self-test: {Outcome}")]
    private static partial void Tested(ILogger logger, string model, string outcome);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Model {Model} was not tested: {Outcome}")]
    private static partial void Untested(ILogger logger, string model, string outcome);
}
