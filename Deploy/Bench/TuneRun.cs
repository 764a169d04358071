using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Deploy.Commands;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary><c>bench --tune</c>.</summary>
internal static class TuneRun
{
    public static int Run(ModelFolder folder, ExecutionSettings settings, int repeats, bool json, CancellationToken cancel)
    {
        if (!folder.HasPrefill)
        {
            throw new UsageException(
                $"--tune: {folder.FolderPath} has one set of the decoder's weights, so there is nothing to choose. "
                + "'mobilevlm model import … --prefill auto' makes two.");
        }

        var rows = BenchProgress.Show(
            2 * MachineTuner.Sizes.Count, progress => MachineTuner.Measure(folder, settings, repeats, progress.Next), cancel);
        var tuning = MachineTuner.Choose(rows);
        tuning.Write(folder);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new TuneDocument(
                    tuning.MeasuredOn, tuning.PrefillFrom,
                    [.. rows.Select(r => new TuneRow(r.Tokens, r.First.TotalMilliseconds, r.Second.TotalMilliseconds))]),
                TuneJson.Default.TuneDocument));
            return ExitCode.Done;
        }

        Console.WriteLine($"box       {tuning.MeasuredOn}");
        Console.WriteLine("tokens at once      first set, ms    second set, ms");
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Tokens,14} {row.First.TotalMilliseconds,18:0.0} {row.Second.TotalMilliseconds,17:0.0}"));
        }

        Console.WriteLine(tuning.PrefillFrom is { } from
            ? $"chosen    the second set from {from} tokens on ({MachineTuning.FileName})"
            : $"chosen    the first set for all: the second is not opened any more ({MachineTuning.FileName})");
        return ExitCode.Done;
    }
}

internal sealed record TuneDocument(string MeasuredOn, int? PrefillFrom, IReadOnlyList<TuneRow> Rows);

internal sealed record TuneRow(int Tokens, double FirstSetMs, double SecondSetMs);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TuneDocument))]
internal sealed partial class TuneJson : JsonSerializerContext;
