using System.CommandLine;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>The option <c>--image</c>, which names a file or standard input.</summary>
internal static partial class ImageOption
{
    private const string StandardInput = "-";

    public static Option<string> Create() => new("--image")
    {
        Description = "Image: JPEG, PNG, WebP, BMP or GIF; '-' reads it from standard input.",
        HelpName = "FILE",
    };

    /// <summary>Reads the image.</summary>
    /// <exception cref="UsageException">The value does not name a file that could be an image.</exception>
    /// <exception cref="ImageFileException">The file is too large, damaged, or not an image.</exception>
    public static DecodedImage Read(string image)
    {
        if (string.IsNullOrWhiteSpace(image))
        {
            throw new UsageException("--image: the name is empty. Give an image file.");
        }

        if (image == StandardInput)
        {
            if (!Console.IsInputRedirected)
            {
                throw new UsageException("--image -: standard input is a terminal. Send an image: ... --image - < image.jpg");
            }

            using var input = Console.OpenStandardInput();
            return ImageCodec.Read(input, "standard input");
        }

        if (Url().IsMatch(image))
        {
            throw new UsageException(
                $"--image: '{image}' is an address, and this command opens files only. Download it first "
                + "(curl -fLo image.jpg ADDRESS), or send it through a pipe: curl -fL ADDRESS | mobilevlm ask --image - ...");
        }

        if (Directory.Exists(image))
        {
            throw new UsageException(
                $"--image: '{image}' is a folder. Give one image file; a camera can have a folder as its Source.");
        }

        if (image.StartsWith("/dev/video", StringComparison.Ordinal))
        {
            throw new UsageException(
                $"--image: '{image}' is a camera. Take an image first (ffmpeg -f v4l2 -i {image} -frames:v 1 image.jpg), or use "
                + "it as the Source of a camera.");
        }

        try
        {
            return ImageCodec.Read(image);
        }
        catch (FileNotFoundException)
        {
            throw new UsageException(
                $"--image: the file '{image}' does not exist (searched in {Directory.GetCurrentDirectory()}). Check the spelling and the folder.");
        }
    }

    /// <summary>Matches an address. A scheme has at least two letters, so that a drive letter of Windows is not one.</summary>
    [GeneratedRegex("^(data:|[A-Za-z][A-Za-z0-9+.-]+://)")]
    private static partial Regex Url();
}
