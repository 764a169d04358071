using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>Describes this machine as far as the results of a model depend on it.</summary>
internal static class ThisMachine
{
    /// <param name="vision">Precision of the vision encoder's matrices, as in the manifest; null for a model of text only.</param>
    /// <param name="decoder">Precision of the decode weights.</param>
    /// <param name="prefill">Precision of the prefill weights; null where there are none.</param>
    public static MeasuringMachine Describe(string? vision, string decoder, string? prefill)
    {
        var processor = ProcessorFeatures.ThisMachine;
        (string Part, string? Precision)[] parts = [("vision", vision), ("decoder", decoder), ("prefill", prefill)];
        return new MeasuringMachine(
            processor.Description,
            processor.Instructions,
            [.. from part in parts
                let kernel = Int8Kernel.OnThisMachine(part.Precision)
                where kernel is not null
                select $"{part.Part}: {kernel.Name}"],
            $"ONNX Runtime {OnnxRuntimeLibrary.LoadedVersion}");
    }

    /// <summary>The same for the parts of a folder.</summary>
    public static MeasuringMachine Describe(ModelManifest manifest) =>
        Describe(manifest.Precision.Vision, manifest.Precision.Decoder, manifest.Precision.Prefill);
}
