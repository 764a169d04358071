using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary><c>box.json</c> in a model folder: what <c>mobilevlm bench --tune</c> measured on this machine. It is not part of
/// the model: a folder that is copied to another machine is used there as if it had none.</summary>
public sealed record MachineTuning
{
    public const string FileName = "box.json";

    /// <summary>The machine on which it was measured; with another processor, number of processors or runtime it does not apply.</summary>
    public required string MeasuredOn { get; init; }

    /// <summary>Smallest number of tokens per pass for which the prefill weights are faster; null when they never are.</summary>
    public int? PrefillFrom { get; init; }

    /// <summary>This machine, in the form of <see cref="MeasuredOn"/>.</summary>
    public static string ThisMachine =>
        $"{ProcessorFeatures.ThisMachine.Name}, {Environment.ProcessorCount} processors, ONNX Runtime {OnnxRuntimeLibrary.LoadedVersion}";

    /// <returns>Null where nothing was measured on this machine, or the file cannot be read.</returns>
    public static MachineTuning? Read(ModelFolder folder)
    {
        try
        {
            var tuning = JsonSerializer.Deserialize(
                File.ReadAllBytes(folder.PathOf(FileName)), MachineTuningJson.Default.MachineTuning);
            return tuning is { PrefillFrom: null or > 0 } && tuning.MeasuredOn == ThisMachine ? tuning : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // It only chooses between two ways to the same answer; without it the default applies.
            return null;
        }
    }

    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public void Write(ModelFolder folder)
    {
        var temporary = folder.PathOf($"{FileName}.new");
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(this, MachineTuningJson.Default.MachineTuning));
        File.Move(temporary, folder.PathOf(FileName), overwrite: true);
    }

    /// <summary>The settings with the measured <see cref="PrefillFrom"/>, unless they name one themselves.</summary>
    internal static ExecutionSettings Apply(ModelFolder folder, ExecutionSettings settings) =>
        settings is { UsePrefill: true, MinPrefillTokens: null } && folder.HasPrefill && Read(folder) is { } tuning
            ? settings with { UsePrefill = tuning.PrefillFrom is not null, MinPrefillTokens = tuning.PrefillFrom }
            : settings;
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MachineTuning))]
internal sealed partial class MachineTuningJson : JsonSerializerContext;
