namespace MobileVlm.Edge.Deploy.Cli;

/// <summary>Text for terminals.</summary>
internal static class TextLines
{
    /// <summary>Width that every terminal has.</summary>
    public const int Columns = 80;

    /// <summary>Lines of at most so many characters, broken at blanks where there are any.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        foreach (var paragraph in text.Split('\n'))
        {
            var rest = paragraph.TrimEnd();
            while (rest.Length > width)
            {
                var blank = rest.LastIndexOf(' ', width);
                var end = blank > 0 ? blank : width;
                yield return rest[..end];
                rest = rest[end..].TrimStart();
            }

            yield return rest;
        }
    }
}
