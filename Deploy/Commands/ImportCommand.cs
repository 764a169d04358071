using System.CommandLine;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm model import</c>: from a published checkpoint to a folder that this program runs.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE")
        {
            Description = "Folder of a published checkpoint: config.json, weights (.bin or .safetensors), tokenizer.model.",
        };
        var target = new Argument<string>("DIR") { Description = "Folder to make; it must not exist, be empty, or hold the same import." };
        var options = new ImportOptions();
        var command = new Command("import", "Turn a published checkpoint into a model folder.")
        {
            source, target,
        };
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var worked = false;
                var folder = WithProgress(
                    parsed.GetRequiredValue(source), parsed.GetRequiredValue(target), options.Read(parsed), cancel, () => worked = true);
                Terminal.Info(worked
                    ? $"Imported '{folder.Manifest.Name}' into {folder.FolderPath} ({ModelCommand.Size(folder)})."
                    : $"'{folder.Manifest.Name}' of these files in this precision is already in {folder.FolderPath} ({ModelCommand.Size(folder)}); nothing was done. --force imports it again.");
                foreach (var line in PrecisionText.Lines(folder.Manifest))
                {
                    Terminal.Info(line);
                }

                Terminal.Info($"Try it: mobilevlm {(folder.Manifest.Vision is null
                    ? $"generate --model {folder.FolderPath} \"Once upon a time\""
                    : $"ask --model {folder.FolderPath} --image FILE \"What is in the picture?\"")}");
                return ExitCode.Done;
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    /// <summary>Imports with a bar that shows bytes, speed and the time left, on standard error.</summary>
    /// <param name="source">Checkpoint.</param>
    /// <param name="target">Model folder.</param>
    /// <param name="choice">Precision and how it is measured.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="working">Called when weights are read, which they are not when the model is already there.</param>
    public static ModelFolder WithProgress(
        string source, string target, ImportChoice choice, CancellationToken cancel, Action? working = null) =>
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
