using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>Finds files that are certainly not videos, before a decoder is started.</summary>
public static class VideoFile
{
    private const int HeaderBytes = 4096;

    /// <summary>Checks what a user named as a video.</summary>
    /// <param name="path">As it was given.</param>
    /// <returns>What it is instead, and what to do, as the end of a sentence that begins with the name; null when it may be a
    /// video.</returns>
    public static string? FindProblem(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Contains("://", StringComparison.Ordinal) && !File.Exists(path))
        {
            return "is an address, and videos are read from files only. Download it first, or use it as the Source of a camera";
        }

        if (Directory.Exists(path))
        {
            return "is a folder. Name the videos in it, for example FOLDER/*.mp4";
        }

        if (!File.Exists(path))
        {
            return "does not exist. Check the spelling and the folder";
        }

        if (path.StartsWith("/dev/", StringComparison.Ordinal))
        {
            return "is a device. Use it as the Source of a camera";
        }

        try
        {
            using var file = File.OpenRead(path);
            var header = new byte[HeaderBytes];
            return OfHeader(header.AsSpan(0, file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)));
        }
        catch (UnauthorizedAccessException)
        {
            return "may not be read. Check owner and mode, or run the command as another user";
        }
        catch (IOException fault)
        {
            return $"cannot be read: {fault.Message.TrimEnd('.')}";
        }
    }

    private static string? OfHeader(ReadOnlySpan<byte> header) =>
        header.IsEmpty ? "is empty. Its copy or download did not finish; fetch it again"
        : FileKind.OfPicture(header) is { Name: not "GIF" } picture
            ? $"is a {picture.Name} picture, not a video. Ask about pictures with 'mobilevlm ask --image'"

        // ffmpeg shows some texts as a video of letters.
        : TextKind.Refuse(header) is not null ? "is a text, not a video"
        : null;
}
