namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;

/// <summary>model.safetensors.</summary>
internal sealed class SafetensorsFormat() : HuggingFaceFormat("safetensors", "model", "safetensors")
{
    protected override IReadOnlyList<CheckpointTensor> ReadTensors(CheckpointFile file) => SafetensorsReader.Read(file);
}
