using System.CommandLine;
using System.Globalization;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Export;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Vision;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm model</c>: from a published checkpoint to a folder that this program runs.</summary>
internal static class ModelCommand
{
    public static Command Create() => new("model", "Pull, import, make up, check and show models.")
    {
        PullCommand.Create(), Import(), Verify(), Show(), SynthCommand.Create(),
    };

    private static Command Import()
    {
        var source = new Argument<string>("SOURCE")
        {
            Description = "Folder of a published checkpoint: config.json, weights (.bin or .safetensors), tokenizer.model.",
        };
        var target = new Argument<string>("DIR") { Description = "Folder to make; it must not exist, be empty, or hold the same import." };
        var precision = new Option<string>("--precision")
        {
            Description = "fp32: exact, 4 bytes a weight. int4: decoder in 4 bit, its head in 8 bit, vision in fp32.",
            HelpName = "P",
            DefaultValueFactory = _ => "fp32",
        };
        precision.AcceptOnlyFromAmong("fp32", "int4");
        var force = new Option<bool>("--force") { Description = "Import again and replace the model folder that is there, at the end and in one step." };
        var command = new Command("import", "Turn a published checkpoint into a model folder.") { source, target, precision, force };
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var worked = false;
                var folder = ImportWithProgress(
                    parsed.GetRequiredValue(source),
                    parsed.GetRequiredValue(target),
                    parsed.GetRequiredValue(precision) == "int4" ? DecoderPrecision.Int4 : DecoderPrecision.Fp32,
                    cancel,
                    parsed.GetValue(force),
                    () => worked = true);
                Terminal.Say(worked
                    ? $"Imported '{folder.Manifest.Name}' into {folder.FolderPath} ({Size(folder)})."
                    : $"'{folder.Manifest.Name}' of these files in this precision is already in {folder.FolderPath} ({Size(folder)}); nothing was done. --force imports it again.");
                Terminal.Say($"Try it: mobilevlm {(folder.Manifest.Vision is null
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
    /// <param name="precision">Of the decoder.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="replace">Whether a model that is there is replaced.</param>
    /// <param name="working">Called when weights are read, which they are not when the model is already there.</param>
    public static ModelFolder ImportWithProgress(
        string source, string target, DecoderPrecision precision, CancellationToken cancel, bool replace = false,
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
                ? ModelImporter.Replace(source, target, precision, relay, cancel)
                : ModelImporter.Import(source, target, precision, relay, cancel);
        });

    private static Command Verify()
    {
        var folder = new Argument<string>("DIR") { Description = "Model folder." };
        var command = new Command("verify", "Check every file of a model folder against its manifest and open its graphs.") { folder };
        command.SetAction(parsed =>
        {
            var model = ModelFolder.Open(parsed.GetRequiredValue(folder));
            model.Verify();
            using (QuestionAnswerer.Open(model, new ExecutionSettings(), capacity: 256))
            {
                if (model.Manifest.Vision is not null)
                {
                    new VisionEncoder(model, new ExecutionSettings()).Dispose();
                }
            }

            Terminal.Say($"'{model.Manifest.Name}': {model.Manifest.Files.Count} files ({Size(model)}) are as they were imported, and the graphs open.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var folder = new Argument<string>("DIR") { Description = "Model folder." };
        var json = new Option<bool>("--json") { Description = "Print the manifest itself on standard output." };
        var command = new Command("show", "Say what a model folder holds.") { folder, json };
        command.SetAction(parsed =>
        {
            var model = ModelFolder.Open(parsed.GetRequiredValue(folder));
            Console.WriteLine(parsed.GetValue(json)
                ? File.ReadAllText(Path.Combine(model.FolderPath, ModelManifest.FileName)).TrimEnd()
                : Describe(model));
            return ExitCode.Done;
        });
        return command;
    }

    private static string Describe(ModelFolder model)
    {
        var m = model.Manifest;
        var lines = new List<string>
        {
            $"{m.Name} ({m.Source.Architecture})",
            $"  decoder    {m.Language.Layers} layers, {m.Language.HiddenSize} wide, {m.Language.Heads} heads, vocabulary {m.Language.VocabularySize}, context {m.Language.MaxPositions}; {m.Precision.Decoder}, head {m.Precision.Head}, embeddings {m.Precision.Embedding}",
        };
        if (m.Vision is { } v)
        {
            lines.Add($"  vision     {v.LayersUsed} of {v.Layers} layers, {v.HiddenSize} wide, {v.ImageSize} px, patch {v.PatchSize}; {m.Precision.Vision}");
            lines.Add($"  projector  {m.Projector}: {v.Patches} patches to {m.VisualTokens} visual tokens");
        }

        lines.Add($"  source     {string.Join(", ", m.Source.Files)}");
        lines.Add($"  licence    {m.License ?? "not stated by the checkpoint"}");
        lines.Add($"  made by    {m.CreatedBy}");
        lines.Add($"  files      {Size(model)}");
        lines.AddRange(m.Files.Select(f => string.Create(
            CultureInfo.InvariantCulture, $"    {f.Path,-20} {f.Size,15:N0} bytes  sha256 {f.Sha256}")));
        return string.Join(Environment.NewLine, lines);
    }

    private static string Size(ModelFolder model) => string.Create(
        CultureInfo.InvariantCulture, $"{model.Manifest.Files.Sum(f => f.Size) / 1048576.0:0.0} MiB");

    /// <summary>Reports at once and in order; the standard Progress hops over threads.</summary>
    private sealed class Relay(Action<ImportProgress> report) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => report(value);
    }
}
