using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;

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
        CheckpointSource source, string target, ImportChoice choice, CancellationToken cancel, Action? working = null) =>
        ByteProgress.Show("Importing", report =>
        {
            var progress = new ImmediateProgress<ImportProgress>(p =>
            {
                working?.Invoke();
                report(p.BytesDone, p.BytesTotal);
            });
            return choice.Replace
                ? ModelImporter.Replace(source, target, choice.Precision, progress, choice.Calibration, cancel)
                : ModelImporter.Import(source, target, choice.Precision, progress, choice.Calibration, cancel);
        });
}
