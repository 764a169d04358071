namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>A video cannot be read, or only a part of it; the message says what happened and what to do.</summary>
public sealed class VideoException(string message) : Exception(message)
{
    /// <summary>The program that decodes videos is missing, so that no other video can be read either.</summary>
    public bool IsDecoderMissing { get; init; }
}
