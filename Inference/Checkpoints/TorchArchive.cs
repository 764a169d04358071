namespace MobileVlm.Edge.Inference.Checkpoints;

internal static class TorchArchive
{
    public static IReadOnlyList<CheckpointTensor> Read(WeightFile file) => throw file.Fault("not read yet");
}
