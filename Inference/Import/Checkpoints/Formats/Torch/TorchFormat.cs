namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>pytorch_model.bin: files that torch.save wrote.</summary>
internal sealed class TorchFormat() : HuggingFaceFormat("bin", "pytorch_model", "bin")
{
    protected override IReadOnlyList<CheckpointTensor> ReadTensors(CheckpointFile file) => TorchArchive.Read(file);
}
