using System.Text;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>Kinds of answers of an HTTP camera.</summary>
internal enum HttpAnswer
{
    /// <summary>One image, or JPEG images one after the other: seen when the first one has ended.</summary>
    Jpegs,

    /// <summary>One image of another format.</summary>
    Picture,

    /// <summary>JPEG images with something between them (<c>multipart/x-mixed-replace</c>).</summary>
    Parts,

    /// <summary>A list of video segments (HLS).</summary>
    Playlist,

    /// <summary>A video stream, which ffmpeg decodes.</summary>
    Video,

    /// <summary>Text for people or programs.</summary>
    Text,

    /// <summary>Nothing.</summary>
    Empty,
}

/// <summary>Distinguishes kinds of answer. Checks the data first, because cameras send any type or none.</summary>
internal static class HttpAnswers
{
    /// <summary>Number of first bytes that are examined.</summary>
    public const int HeadBytes = 512;

    /// <summary>Number of bytes to wait for.</summary>
    public const int LeastBytes = 16;

    /// <param name="type">The <c>Content-Type</c> as it was sent; null where none was.</param>
    /// <param name="head">The first bytes.</param>
    public static HttpAnswer Of(string? type, ReadOnlySpan<byte> head)
    {
        if (Is(type, "multipart/"))
        {
            return HttpAnswer.Parts;
        }

        if (head.IsEmpty)
        {
            return HttpAnswer.Empty;
        }

        if (JpegSplitter.StartsJpeg(head))
        {
            return HttpAnswer.Jpegs;
        }

        if (FileKind.OfPicture(head) is not null || Is(type, "image/"))
        {
            return HttpAnswer.Picture;
        }

        var text = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\r', '\n', '\t');
        return text.StartsWith("#EXTM3U", StringComparison.Ordinal) ? HttpAnswer.Playlist
            : text.StartsWith("--", StringComparison.Ordinal)
                || text.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) ? HttpAnswer.Parts
            : text.StartsWith('<') || text.StartsWith('{') || text.StartsWith('[') ? HttpAnswer.Text
            : HttpAnswer.Video;
    }

    private static bool Is(string? type, string start) =>
        type?.TrimStart().StartsWith(start, StringComparison.OrdinalIgnoreCase) == true;
}
