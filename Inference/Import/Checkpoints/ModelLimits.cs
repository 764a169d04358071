namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Largest sizes that a checkpoint may state, in any format. They are far above those of any model that fits an edge device, and
/// keep later sizes from overflowing.</summary>
internal static class ModelLimits
{
    /// <summary>Of the decoder: width of the residual stream and of the layers inside.</summary>
    public const int DecoderWidth = 1 << 17;

    public const int DecoderLayers = 1024;

    public const int HeadWidth = 1024;

    /// <summary>Entries of the vocabulary.</summary>
    public const int Tokens = 1 << 22;

    /// <summary>Positions of the context.</summary>
    public const int Context = 1 << 18;

    /// <summary>Of the vision encoder: width of the residual stream and of the layers inside.</summary>
    public const int VisionWidth = 1 << 16;

    public const int VisionLayers = 512;

    /// <summary>Width and height of the encoder's picture, in pixels.</summary>
    public const int ImageSize = 4096;
}
