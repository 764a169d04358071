using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Stage 1 of a text-only model: it refuses every picture.</summary>
internal sealed class NoEncoder : IVisionEncoder
{
    public VisualTokens Encode(RgbImage image) => throw new ArgumentException("A text-only model processes no pictures.", nameof(image));

    public void Dispose()
    {
        // Nothing is open.
    }
}
