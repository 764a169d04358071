using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace MobileVlm.Edge.Connectors.Images;

/// <summary>Describes a text that was received instead of a picture: a web page, a server error, an address.</summary>
internal static partial class TextKind
{
    /// <summary>Only the beginning of a text is read, in bytes.</summary>
    private const int BytesRead = 4096;

    private const int QuotedCharacters = 80;

    /// <summary>A sentence with what the text is and what to do.</summary>
    /// <returns>Null when the file is not text.</returns>
    public static string? Refuse(ReadOnlySpan<byte> file)
    {
        if (Read(file) is not { } text)
        {
            return null;
        }

        var lower = text.ToLowerInvariant();
        if (lower.Contains("<svg", StringComparison.Ordinal) && !lower.Contains("<html", StringComparison.Ordinal))
        {
            return "SVG pictures are not supported. Convert it to PNG first, for example with 'rsvg-convert FILE -o picture.png'";
        }

        if (lower.StartsWith("<!doctype html", StringComparison.Ordinal) || lower.Contains("<html", StringComparison.Ordinal)
            || lower.StartsWith("<head", StringComparison.Ordinal) || lower.StartsWith("<body", StringComparison.Ordinal))
        {
            var title = Title().Match(text) is { Success: true } match ? $" with the title {Quote(match.Groups[1].Value)}" : "";
            return $"not a picture but a web page (HTML){title}. It may be a log-in page or an error page: open the address in a "
                + "browser, and check user and password";
        }

        if (lower.StartsWith("http/1.", StringComparison.Ordinal))
        {
            return $"not a picture but an HTTP answer with its headers ({Quote(text)}). Save the body alone";
        }

        if (text.StartsWith("--", StringComparison.Ordinal) && lower.Contains("content-type:", StringComparison.Ordinal))
        {
            return "not a picture but a stream of parts (MJPEG, multipart). Use its address as the source of a camera";
        }

        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
        {
            return "not a picture but what Git LFS keeps in its place. Fetch the file itself with 'git lfs pull'";
        }

        if (lower.StartsWith("data:image/", StringComparison.Ordinal) || Base64Beginnings.Any(it => text.StartsWith(it, StringComparison.Ordinal)))
        {
            return "not a picture but the base64 text of one. Decode it first, for example with 'base64 -d', without a "
                + "beginning like 'data:image/jpeg;base64,'";
        }

        if (Address().IsMatch(text))
        {
            return "not a picture but a text with an address. Download what it names and give that file";
        }

        return text[0] is '{' or '[' ? $"not a picture but JSON ({Quote(text)}). It may be the error of a server"
            : lower.StartsWith("<?xml", StringComparison.Ordinal) ? $"not a picture but XML ({Quote(text)})"
            : $"not a picture but text ({Quote(text)})";
    }

    private static readonly string[] Base64Beginnings = ["/9j/", "iVBORw0KGgo", "UklGR", "R0lGOD"];

    /// <returns>Null when it is not text.</returns>
    private static string? Read(ReadOnlySpan<byte> file)
    {
        var part = file[..Math.Min(file.Length, BytesRead)];
        string text;
        if (part.StartsWith<byte>([0xFF, 0xFE]) || part.StartsWith<byte>([0xFE, 0xFF]))
        {
            text = (part[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode).GetString(part[2..]);
        }
        else
        {
            part = part.StartsWith<byte>([0xEF, 0xBB, 0xBF]) ? part[3..] : part;

            // The last character may be cut in two.
            var cut = 0;
            while (cut < 3 && file.Length > BytesRead && !Utf8.IsValid(part[..^cut]))
            {
                cut++;
            }

            part = part[..^cut];
            text = Utf8.IsValid(part) || IsLatin(part) ? Encoding.UTF8.GetString(part) : "\0";
        }

        text = text.Trim();
        return text.Length == 0 || text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t' or '\f' or '\e')) ? null : text;
    }

    /// <summary>Old web pages are written in one byte per character.</summary>
    private static bool IsLatin(ReadOnlySpan<byte> part) => part.TrimStart(" \t\r\n"u8).StartsWith("<"u8);

    /// <summary>The beginning in one line, without terminal control characters.</summary>
    private static string Quote(string text)
    {
        var line = Blanks().Replace(new string([.. text.Take(4 * QuotedCharacters)]), " ").Trim();
        line = new string([.. line.Where(c => !char.IsControl(c))]);
        return line.Length > QuotedCharacters ? $"'{line[..QuotedCharacters]}...'" : $"'{line}'";
    }

    [GeneratedRegex("<title[^>]*>([^<]*)", RegexOptions.IgnoreCase)]
    private static partial Regex Title();

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*://\S+$", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
