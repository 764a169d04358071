namespace MobileVlm.Edge.Connectors.Images;

/// <summary>A decoded picture, upright.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Pixels">RGB, 8 bit, interleaved, [height, width, 3], rows without padding.</param>
public sealed record DecodedImage(int Width, int Height, byte[] Pixels);

/// <summary>A file is there but cannot be used as a picture. <see cref="Exception.Message"/> names the file and what
/// is wrong with it.</summary>
public sealed class ImageFileException(string picture, string fault) : Exception($"{picture}: {fault}")
{
    /// <summary>The file, or the name that the caller gave to the bytes.</summary>
    public string Picture { get; } = picture;

    /// <summary>The error, without the name.</summary>
    public string Fault { get; } = fault;
}
