using System.CommandLine;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>The option <c>--image</c> and what it may name.</summary>
internal static partial class ImageOption
{
    private const string StandardInput = "-";

    public static Option<string> Create() => new("--image")
    {
        Description = "Picture: JPEG, PNG, WebP, BMP or GIF; '-' reads it from standard input.",
        HelpName = "FILE",
    };

    /// <summary>Reads the picture.</summary>
    /// <exception cref="UsageException">It names nothing that could be a picture file.</exception>
    /// <exception cref="ImageFileException">The file is too large, damaged, or not a picture.</exception>
    public static DecodedImage Read(string image)
    {
        if (string.IsNullOrWhiteSpace(image))
        {
            throw new UsageException("--image: the name is empty. Give the file of a picture.");
        }

        if (image == StandardInput)
        {
            if (!Console.IsInputRedirected)
            {
                throw new UsageException("--image -: standard input is a terminal. Send a picture: ... --image - < picture.jpg");
            }

            using var input = Console.OpenStandardInput();
            return ImageCodec.Read(input, "standard input");
        }

        if (Url().IsMatch(image))
        {
            throw new UsageException(
                $"--image: '{image}' is an address, and this command opens files only. Download it first "
                + "(curl -fLo picture.jpg ADDRESS), or send it through a pipe: curl -fL ADDRESS | mobilevlm ask --image - ...");
        }

        if (Directory.Exists(image))
        {
            throw new UsageException(
                $"--image: '{image}' is a folder. Give the file of one picture; a camera can have a folder as its Source.");
        }

        if (image.StartsWith("/dev/video", StringComparison.Ordinal))
        {
            throw new UsageException(
                $"--image: '{image}' is a camera. Take a picture first (ffmpeg -f v4l2 -i {image} -frames:v 1 picture.jpg), or use "
                + "it as the Source of a camera.");
        }

        try
        {
            return ImageCodec.Read(image);
        }
        catch (FileNotFoundException)
        {
            throw new UsageException(
                $"--image: there is no file '{image}' (searched in {Directory.GetCurrentDirectory()}). Check the spelling and the folder.");
        }
    }

    /// <summary>Two letters at least, so that a drive of Windows is not a scheme.</summary>
    [GeneratedRegex("^(data:|[A-Za-z][A-Za-z0-9+.-]+://)")]
    private static partial Regex Url();
}
