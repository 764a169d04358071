using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Performance;
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
                $"--tune: {folder.FolderPath} has no prefill weights, so there is nothing to choose. "
                + "'mobilevlm model import … --prefill auto' adds them.");
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
                    [.. rows.Select(r => new TuneRow(r.Tokens, r.Decode.TotalMilliseconds, r.Prefill.TotalMilliseconds))]),
                TuneJson.Default.TuneDocument));
            return ExitCode.Done;
        }

        Console.WriteLine($"machine   {tuning.MeasuredOn}");
        Console.WriteLine("tokens per pass         decode, ms       prefill, ms");
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Tokens,14} {row.Decode.TotalMilliseconds,18:0.0} {row.Prefill.TotalMilliseconds,17:0.0}"));
        }

        Console.WriteLine(tuning.PrefillFrom is { } from
            ? $"chosen    prefill weights from {from} tokens per pass on ({MachineTuning.FileName})"
            : $"chosen    decode weights for all: the prefill weights are no longer opened ({MachineTuning.FileName})");
        return ExitCode.Done;
    }
}

/// <summary>The document that <c>bench --tune --json</c> prints.</summary>
internal sealed record TuneDocument(string MeasuredOn, int? PrefillFrom, IReadOnlyList<TuneRow> Rows);

/// <param name="Tokens">Number of tokens in a pass.</param>
/// <param name="DecodeMs">Milliseconds with the decode weights.</param>
/// <param name="PrefillMs">Milliseconds with the prefill weights.</param>
internal sealed record TuneRow(
    int Tokens,
    [property: JsonPropertyName("firstSetMs")] double DecodeMs,
    [property: JsonPropertyName("secondSetMs")] double PrefillMs);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TuneDocument))]
internal sealed partial class TuneJson : JsonSerializerContext;
