using MobileVlm.Edge.Connectors.Cameras.Feeds.Http;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>Examines files before a decoder is started: finds those that are certainly not videos, and those that the decoder would take for
/// a picture.</summary>
public static class VideoFile
{
    /// <summary>ffmpeg's name for JPEG pictures one after the other, without anything between them.</summary>
    internal const string JpegSequence = "mjpeg";

    /// <summary>Enough for a profile of colours before what marks an animation.</summary>
    private const int HeaderBytes = 64 * 1024;

    /// <summary>Zero bytes that recorders write between two pictures.</summary>
    private const int MaxPadding = 64;

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
            return OfHeader(ReadHeader(file), file);
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

    /// <summary>The format that ffmpeg has to be told.</summary>
    /// <param name="path">A file in which <see cref="FindProblem"/> found none.</param>
    /// <returns>Null where it finds out by itself.</returns>
    internal static string? FindDemuxer(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return IsJpegSequence(ReadHeader(file), file) ? JpegSequence : null;
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or IOException)
        {
            // The decoder reports it.
            return null;
        }
    }

    private static byte[] ReadHeader(FileStream file)
    {
        var header = new byte[HeaderBytes];
        return header[..file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
    }

    private static string? OfHeader(byte[] header, FileStream file) =>
        header.Length == 0 ? "is empty. Its copy or download did not finish; fetch it again"
        : FileKind.OfPicture(header) is { } picture ? OfPicture(picture.Name, header, file)

        // ffmpeg shows some texts as a video of letters.
        : TextKind.Refuse(header) is not null ? "is a text, not a video"
        : null;

    private static string? OfPicture(string name, byte[] header, FileStream file) => name switch
    {
        "GIF" => null,
        "PNG" when header.AsSpan().IndexOf("acTL"u8) >= 0 => null,
        "JPEG" when IsJpegSequence(header, file) => null,
        "WebP" when IsAnimatedWebP(header) =>
            "is an animated WebP picture, which most versions of ffmpeg cannot decode. Convert it first, for example with 'magick FILE video.gif'",
        _ => $"is a {name} picture, not a video. Ask about pictures with 'mobilevlm ask --image'",
    };

    /// <summary>The flag of an animation in the header of the extended format.</summary>
    private static bool IsAnimatedWebP(ReadOnlySpan<byte> header) => header.Length > 20 && header[12..].StartsWith("VP8X"u8) && (header[20] & 0x02) != 0;

    /// <summary>Whether another JPEG picture begins where the first one ends. Phones and stereo cameras put several pictures into one file
    /// too, and name them in a list (CIPA DC-007, multi-picture format): that is a picture.</summary>
    private static bool IsJpegSequence(ReadOnlySpan<byte> header, FileStream file)
    {
        if (!JpegSplitter.StartsJpeg(header) || !file.CanSeek)
        {
            return false;
        }

        file.Position = 0;
        using var splitter = new JpegSplitter((buffer, _) => file.Read(buffer.Span));
        try
        {
            var first = splitter.Next(CancellationToken.None);
            if (first[..Math.Min(first.Length, HeaderBytes)].IndexOf("MPF\0"u8) >= 0)
            {
                return false;
            }

            file.Position = first.Length;
            var next = new byte[MaxPadding];
            var read = next.AsSpan(0, file.ReadAtLeast(next, next.Length, throwOnEndOfStream: false));
            return JpegSplitter.StartsJpeg(read.TrimStart((byte)0));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
