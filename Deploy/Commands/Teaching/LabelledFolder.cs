using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary>A folder of pictures that have the same answer.</summary>
/// <param name="Answer">The answer: <c>yes</c>, <c>no</c> or a choice.</param>
/// <param name="Class">Its index, as <see cref="Inference.Teaching.Learning.LabelledSample.Class"/>.</param>
/// <param name="Files">Paths of its files, in their order.</param>
internal sealed record LabelledFolder(string Answer, int Class, IReadOnlyList<string> Files)
{
    /// <summary>Lists a folder; hidden files are left out.</summary>
    /// <exception cref="UsageException">It does not exist.</exception>
    public static LabelledFolder Open(string option, string folder, string answer, int @class) => Directory.Exists(folder)
        ? new LabelledFolder(answer, @class, [.. Directory.EnumerateFiles(folder)
            .Where(file => !Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal)])
        : throw new UsageException($"{option}: the folder '{folder}' does not exist. Name a folder of pictures.");
}

/// <summary>Reads pictures of labelled folders.</summary>
internal static class LabelledPictures
{
    /// <summary>Reads one picture; null, and a line on standard error, for a file that is no picture.</summary>
    public static DecodedImage? TryRead(string file)
    {
        try
        {
            return ImageCodec.Read(file);
        }
        catch (Exception fault) when (fault is ImageFileException or IOException or UnauthorizedAccessException)
        {
            Terminal.Info($"Skipped: {fault.Message}");
            return null;
        }
    }

    /// <summary>The part of a picture that a question is about.</summary>
    public static RgbImage Cut(DecodedImage picture, FrameRegion? region) => region is null
        ? new RgbImage(picture.Pixels, picture.Width, picture.Height)
        : RegionCrop.Cut(picture.Pixels, picture.Width, picture.Height, region, new byte[picture.Pixels.Length]);
}
