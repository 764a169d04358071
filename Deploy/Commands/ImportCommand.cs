using System.CommandLine;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Export;
using MobileVlm.Edge.Inference.Export.Calibration;
using MobileVlm.Edge.Inference.Models;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm model import</c>: from a published checkpoint to a folder that this program runs.</summary>
internal static class ImportCommand
{
    /// <summary>More hardly change a scale, and each costs seconds.</summary>
    private const int MostPictures = 16;

    private static readonly string[] PictureTypes = [".jpg", ".jpeg", ".png", ".webp", ".bmp"];

    public static Command Create()
    {
        var source = new Argument<string>("SOURCE")
        {
            Description = "Folder of a published checkpoint: config.json, weights (.bin or .safetensors), tokenizer.model.",
        };
        var target = new Argument<string>("DIR") { Description = "Folder to make; it must not exist, be empty, or hold the same import." };
        var precision = new Option<string>("--precision")
        {
            Description = $"Of the decoder: {DecoderRecipe.Grammar}; auto takes the smallest that loses little enough.",
            HelpName = "P",
            DefaultValueFactory = _ => "fp32",
        };
        var vision = new Option<string?>("--vision-precision")
        {
            Description = $"Of the vision encoder: {VisionRecipe.Grammar}; auto. [default: fp32, and auto with --precision auto]",
            HelpName = "P",
        };
        var calibrate = new Option<string?>("--calibrate")
        {
            Description = "Folder of pictures like those that the model will see; without it, drawn ones are used. Weights are rounded for them, and the loss is measured on them.",
            HelpName = "FOLDER",
        };
        var blind = new Option<bool>("--no-loss-report")
        {
            Description = "Do not measure what the precision costs, nor round for pictures: faster, and needs no more memory than writing the files.",
        };
        var force = new Option<bool>("--force")
        {
            Description = "Import again and replace the model folder that is there, at the end and in one step.",
        };
        var command = new Command("import", "Turn a published checkpoint into a model folder.")
        {
            source, target, precision, vision, calibrate, blind, force,
        };
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var plan = Plan(parsed.GetRequiredValue(precision), parsed.GetValue(vision));
                var calibration = Calibration(plan, parsed.GetValue(calibrate), parsed.GetValue(blind));
                var worked = false;
                var folder = WithProgress(
                    parsed.GetRequiredValue(source), parsed.GetRequiredValue(target), plan, calibration, cancel,
                    parsed.GetValue(force), () => worked = true);
                Terminal.Say(worked
                    ? $"Imported '{folder.Manifest.Name}' into {folder.FolderPath} ({ModelCommand.Size(folder)})."
                    : $"'{folder.Manifest.Name}' of these files in this precision is already in {folder.FolderPath} ({ModelCommand.Size(folder)}); nothing was done. --force imports it again.");
                foreach (var line in PrecisionText.Lines(folder.Manifest))
                {
                    Terminal.Say(line);
                }

                Terminal.Say($"Try it: mobilevlm {(folder.Manifest.Vision is null
                    ? $"generate --model {folder.FolderPath} \"Once upon a time\""
                    : $"ask --model {folder.FolderPath} --image FILE \"What is in the picture?\"")}");
                return ExitCode.Done;
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static PrecisionPlan Plan(string decoder, string? vision)
    {
        try
        {
            return PrecisionPlan.Parse(decoder, vision);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <returns>Null where nothing is to be measured.</returns>
    private static CalibrationSet? Calibration(PrecisionPlan plan, string? folder, bool blind)
    {
        if (blind)
        {
            return plan.NeedsMeasuring ? throw new UsageException("--precision auto chooses by measuring: leave out --no-loss-report.")
                : folder is not null ? throw new UsageException("--calibrate is for measuring: leave out --no-loss-report.")
                : null;
        }

        if (folder is null)
        {
            return CalibrationSet.Bundled;
        }

        if (!Directory.Exists(folder))
        {
            throw new UsageException($"--calibrate: there is no folder {folder}.");
        }

        var files = Directory.EnumerateFiles(folder)
            .Where(f => PictureTypes.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Take(MostPictures).ToList();
        return files.Count == 0
            ? throw new UsageException($"--calibrate: there is no picture in {folder} ({string.Join(", ", PictureTypes)}).")
            : CalibrationSet.OfPictures([.. files.Select(StillPictures.Read)
                .Select(p => new CalibrationPicture(p.Pixels, p.Width, p.Height))]);
    }

    /// <summary>Imports with a bar that shows bytes, speed and the time left, on standard error.</summary>
    /// <param name="source">Checkpoint.</param>
    /// <param name="target">Model folder.</param>
    /// <param name="precision">Of each part.</param>
    /// <param name="calibration">Null measures nothing.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="replace">Whether a model that is there is replaced.</param>
    /// <param name="working">Called when weights are read, which they are not when the model is already there.</param>
    public static ModelFolder WithProgress(
        string source,
        string target,
        PrecisionPlan precision,
        CalibrationSet? calibration,
        CancellationToken cancel,
        bool replace = false,
        Action? working = null) => Terminal.Console.Progress()
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
            return replace
                ? ModelImporter.Replace(source, target, precision, relay, calibration, cancel)
                : ModelImporter.Import(source, target, precision, relay, calibration, cancel);
        });

    /// <summary>Reports at once and in order; the standard Progress hops over threads.</summary>
    private sealed class Relay(Action<ImportProgress> report) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => report(value);
    }
}
