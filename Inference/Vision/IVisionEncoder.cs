using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Inference.Vision;

/// <summary>Stage 1: encodes pixels to visual tokens. Opened once; one call at a time.</summary>
public interface IVisionEncoder : IDisposable
{
    /// <summary>Preprocesses and encodes one picture of any size. Blocks for as long as the model computes
    /// (0.1 to 10 s, depending on the device), so callers run it on a dedicated thread.</summary>
    /// <returns>[1, tokens, hidden]; the caller disposes it.</returns>
    VisualTokens Encode(RgbImage image);
}
