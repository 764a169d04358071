using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary><c>mobilevlm model</c>: from a published checkpoint to a folder that this program runs.</summary>
internal static class ModelCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create() => new("model", "Pull, import, verify, show and synthesize models.")
    {
        PullCommand.Create(), ImportCommand.Create(), VerifyCommand.Create(), Show(), SynthCommand.Create(),
    };

    private static Command Show()
    {
        var folder = new Argument<string>("DIR") { Description = "Model folder." };
        var json = new Option<bool>("--json")
        {
            Description = "Print the manifest as JSON to stdout, with what importing again would improve as 'importAgain'.",
        };
        var command = new Command("show", "Show what a model folder contains, and whether importing it again would help.") { folder, json };
        command.SetAction(parsed =>
        {
            var model = ModelFolder.Open(parsed.GetRequiredValue(folder));
            Console.WriteLine(parsed.GetValue(json) ? Document(model) : Describe(model));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The manifest as the folder has it, including members that this program does not know.</summary>
    private static string Document(ModelFolder model)
    {
        var manifest = JsonNode.Parse(File.ReadAllBytes(Path.Combine(model.FolderPath, ModelManifest.FileName)))!.AsObject();
        manifest["importAgain"] = new JsonArray([.. ImportAdvice.For(model.Manifest).Select(advice =>
            (JsonNode)new JsonObject { ["reason"] = advice.Reason, ["text"] = advice.Text })]);
        return manifest.ToJsonString(Indented);
    }

    private static string Describe(ModelFolder model)
    {
        var m = model.Manifest;
        var lines = new List<string>
        {
            $"{m.Name} ({m.Source.Architecture})",
            $"  decoder    {m.Language.Layers} layers, {m.Language.HiddenSize} wide, {m.Language.Heads} heads, vocabulary {m.Language.VocabularySize}, context {m.Language.MaxPositions}",
        };
        if (m.Vision is { } v)
        {
            lines.Add($"  vision     {v.LayersUsed} of {v.Layers} layers, {v.HiddenSize} wide, {v.ImageSize} px, patch {v.PatchSize}");
            lines.Add($"  projector  {m.Projector}: {v.Patches} patches to {m.VisualTokens} visual tokens");
        }

        lines.AddRange(PrecisionText.Lines(m).Select(line => $"  {line}"));
        lines.Add($"  source     {string.Join(", ", m.Source.Files)}");
        lines.AddRange((m.Source.Notes ?? []).Select(note => $"             {note}"));
        lines.Add($"  licence    {m.License ?? "not stated by the checkpoint"}");
        lines.Add($"  made by    {m.CreatedBy}{(m.Importer is { } importer ? $", importer revision {importer.Revision}" : "")}");
        var advice = ImportAdvice.For(m);
        lines.Add(advice.Count == 0
            ? "  import     up to date: importing again would improve nothing"
            : "  import     importing it again with --force would help:");
        lines.AddRange(advice.Select(it => $"             - {it.Text}"));
        lines.Add($"  files      {Size(model)}");
        lines.AddRange(m.Files.Select(f => string.Create(
            CultureInfo.InvariantCulture, $"    {f.Path,-20} {f.Size,15:N0} bytes  sha256 {f.Sha256}")));
        return string.Join(Environment.NewLine, lines);
    }

    internal static string Size(ModelFolder model) => string.Create(
        CultureInfo.InvariantCulture, $"{model.Manifest.Files.Sum(f => f.Size) / 1048576.0:0.0} MiB");
}
