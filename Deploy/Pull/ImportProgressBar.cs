using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Imports a checkpoint and shows the progress.</summary>
internal static class ImportProgressBar
{
    /// <summary>Imports with a bar that shows bytes, speed and the remaining time, on standard error.</summary>
    /// <param name="source">Checkpoint.</param>
    /// <param name="target">Model folder.</param>
    /// <param name="choice">Precision and how it is measured.</param>
    /// <param name="cancel">Stops the import.</param>
    /// <param name="working">Called when weights are read, which does not happen when the model already exists.</param>
    public static ModelFolder Import(
        string source, string target, ImportChoice choice, CancellationToken cancel, Action? working = null) => Terminal.Console.Progress()
        .Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(),
            new TransferSpeedColumn(), new RemainingTimeColumn())
        .Start(context =>
        {
            var task = context.AddTask("Importing", maxValue: 1);
            var relay = new Relay(p =>
            {
                working?.Invoke();
                task.MaxValue(p.BytesTotal).Value(p.BytesDone);
            });
            return choice.Replace
                ? ModelImporter.Replace(source, target, choice.Precision, relay, choice.Calibration, cancel)
                : ModelImporter.Import(source, target, choice.Precision, relay, choice.Calibration, cancel);
        });

    /// <summary>Reports at once and in order; the standard Progress class posts to other threads.</summary>
    private sealed class Relay(Action<ImportProgress> report) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => report(value);
    }
}
