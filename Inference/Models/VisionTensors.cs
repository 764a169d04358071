namespace MobileVlm.Edge.Inference.Models;

/// <summary>Names of the vision graph's input and outputs: the contract between the importer, which writes the graph, and the
/// encoder, which runs it.</summary>
internal static class VisionTensors
{
    public const string PixelValues = "pixel_values";
    public const string PatchFeatures = "patch_features";
    public const string VisualTokens = "visual_tokens";
}
