using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary><c>mobilevlm model import</c>: from a published checkpoint to a folder that this program runs.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE")
        {
            Description = "Folder of a published checkpoint: config.json, weights (.bin or .safetensors), tokenizer.model; or a GGUF file of llama.cpp, or a folder with one pair of them.",
        };
        var target = new Argument<string>("DIR") { Description = "Folder to make; it must not exist, be empty, or hold the same import." };
        var tower = new Option<string?>("--vision-tower")
        {
            Description = "Folder of the vision tower (config.json, preprocessor_config.json, weights), whatever the checkpoint names. "
                + "[default: the folder inside or beside SOURCE with the last part of its mm_vision_tower]",
            HelpName = "FOLDER",
        };
        var mmproj = new Option<string?>("--mmproj")
        {
            Description = "With a GGUF file: the file of its vision encoder and projector. Without it the model answers about text only.",
            HelpName = "FILE",
        };
        var options = new ImportOptions();
        var command = new Command("import", "Turn a published checkpoint into a model folder.")
        {
            source, target, mmproj, tower,
        };
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var worked = false;
                var checkpoint = new CheckpointSource(parsed.GetRequiredValue(source))
                {
                    Mmproj = parsed.GetValue(mmproj),
                    VisionTower = Tower(parsed.GetValue(tower)),
                };
                var (model, choice) = (parsed.GetRequiredValue(target), options.Read(parsed));
                RequireSpace(checkpoint, model, choice);
                var folder = ImportProgressBar.Import(checkpoint, model, choice, cancel, () => worked = true);
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

    /// <exception cref="UsageException">It is not a folder.</exception>
    private static string? Tower(string? folder) => folder is null || Directory.Exists(folder)
        ? folder
        : throw new UsageException(File.Exists(folder)
            ? $"--vision-tower: {folder} is a file. Name the folder that holds it and the tower's config.json."
            : $"--vision-tower: the folder '{folder}' does not exist. Check the spelling.");

    /// <summary>Refuses minutes of work that a full disk would end.</summary>
    private static void RequireSpace(CheckpointSource checkpoint, string target, ImportChoice choice)
    {
        if (choice.Replace || !File.Exists(Path.Combine(target, ModelManifest.FileName)))
        {
            DiskSpace.Require(
                "Free some space, or name a DIR on another disk.",
                new DiskRequirement(
                    "the imported model", target, ImportSize.Estimate(checkpoint, choice.Precision, choice.Calibration is not null)));
        }
    }
}
