using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary><c>box.json</c> in a model folder: what <c>mobilevlm bench --tune</c> measured on this very box. It is not part
/// of the model: a folder that is copied elsewhere is used there as if it had none.</summary>
public sealed record MachineTuning
{
    public const string FileName = "box.json";

    /// <summary>Where it was measured; another processor, number of processors or runtime makes it void.</summary>
    public required string MeasuredOn { get; init; }

    /// <summary>Tokens at once from which the decoder's second set of weights is quicker; null when it never is.</summary>
    public int? PrefillFrom { get; init; }

    /// <summary>This box, as <see cref="MeasuredOn"/> has it.</summary>
    public static string ThisMachine =>
        $"{ProcessorFeatures.ThisMachine.Name}, {Environment.ProcessorCount} processors, ONNX Runtime {SessionFactory.RuntimeVersion}";

    /// <returns>Null where nothing was measured on this box, or what was cannot be read.</returns>
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
            // It only chooses between two ways to the same answer; without it the usual choice holds.
            return null;
        }
    }

    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public void Write(ModelFolder folder)
    {
        var made = folder.PathOf($"{FileName}.new");
        File.WriteAllBytes(made, JsonSerializer.SerializeToUtf8Bytes(this, MachineTuningJson.Default.MachineTuning));
        File.Move(made, folder.PathOf(FileName), overwrite: true);
    }

    /// <summary>Settings as measured, unless they say themselves from when the second set is used.</summary>
    internal static ExecutionSettings Apply(ModelFolder folder, ExecutionSettings settings) =>
        settings is { UsePrefill: true, PrefillFrom: null } && folder.HasPrefill && Read(folder) is { } tuning
            ? settings with { UsePrefill = tuning.PrefillFrom is not null, PrefillFrom = tuning.PrefillFrom }
            : settings;
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MachineTuning))]
internal sealed partial class MachineTuningJson : JsonSerializerContext;
