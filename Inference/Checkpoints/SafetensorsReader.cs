namespace MobileVlm.Edge.Inference.Checkpoints;

internal static class SafetensorsReader
{
    public static IReadOnlyList<CheckpointTensor> Read(WeightFile file) => throw file.Fault("not read yet");
}
