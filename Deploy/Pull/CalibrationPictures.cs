using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Inference.Evaluation;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Decodes pictures with which weights are calibrated and losses measured.</summary>
internal static class CalibrationPictures
{
    /// <summary>A photograph of this program.</summary>
    public static CalibrationPicture Decode(Stream jpeg) => Of(ImageCodec.Read(jpeg, "a photograph of this program"));

    /// <summary>A user's picture.</summary>
    /// <exception cref="ImageFileException">It cannot be decoded.</exception>
    public static CalibrationPicture Read(string file) => Of(ImageCodec.Read(file));

    private static CalibrationPicture Of(DecodedImage image) => new(image.Pixels, image.Width, image.Height);
}
