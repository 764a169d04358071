using System.Globalization;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The parts of a log line that the console and the live page write in the same way.</summary>
internal static class LogLine
{
    /// <summary>The same warning or error is written at most once in this time.</summary>
    public static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);

    /// <summary>The largest id in the source; an entry without an id gets a larger one, which .NET derives from the method's name.</summary>
    private const int LargestId = 9999;

    private const string OwnCategories = "MobileVlm.Edge.";

    /// <summary>The category and event id, such as <c>PublisherActor[73]</c>. A category of this program is shortened to the class
    /// name.</summary>
    public static string Source(string category, int id)
    {
        var name = category.StartsWith(OwnCategories, StringComparison.Ordinal) ? category[(category.LastIndexOf('.') + 1)..] : category;
        return id is > 0 and <= LargestId ? string.Create(CultureInfo.InvariantCulture, $"{name}[{id}]") : name;
    }

    /// <summary>Joins lines and removes control characters, because texts from cameras, brokers and models are untrusted.</summary>
    public static string OnOneLine(string text)
    {
        var parts = text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Concat(string.Join(' ', parts).Select(c => char.IsControl(c) ? ' ' : c));
    }

    /// <summary>Removes digits, so that lines that differ only in a frame's number or a time count as the same.</summary>
    public static string WithoutDigits(string text) => string.Concat(text.Where(c => !char.IsAsciiDigit(c)));

    /// <summary>The end of a line before which others like it were not written; empty if there were none.</summary>
    public static string Suppressed(int count) =>
        count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({count} more like this since the last line)");
}
