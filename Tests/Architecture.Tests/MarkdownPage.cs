using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>A Markdown file: its links, and the anchors that its headings have on GitHub.</summary>
internal sealed partial class MarkdownPage
{
    private readonly string[] _all;
    private readonly string[] _lines;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its full path.</param>
    public MarkdownPage(string path)
    {
        Path = path;
        _all = File.ReadAllLines(path);
        _lines = [.. WithoutCode(_all)];
    }

    public string Path { get; }

    /// <summary>The headings, without their hashes.</summary>
    public IEnumerable<string> Headings => _lines.Select(line => Heading().Match(line)).Where(it => it.Success).Select(it => it.Groups["text"].Value.Trim());

    /// <summary>What a link may name behind the hash.</summary>
    public IReadOnlySet<string> Anchors => field ??= ReadAnchors();

    /// <summary>Targets of links and pictures, in the order of the text.</summary>
    public IEnumerable<string> Links => _lines.SelectMany(line =>
    {
        var text = InlineCode().Replace(line, "");
        return Link().Matches(text).Select(it => it.Groups["target"].Value)
            .Concat(Attribute().Matches(text).Select(it => it.Groups["target"].Value));
    });

    /// <summary>The number of words outside of code blocks, as <c>wc -w</c> counts them.</summary>
    public int Words => Count(_lines);

    /// <summary>The number of all words.</summary>
    public int AllWords => Count(_all);

    /// <summary>Lists the links of this page that lead nowhere.</summary>
    /// <param name="root">The folder that no relative link may leave.</param>
    /// <param name="pages">Pages that were read, by full path.</param>
    public IEnumerable<string> BrokenLinks(string root, Dictionary<string, MarkdownPage> pages)
    {
        foreach (var link in Links.Where(it => !HasScheme().IsMatch(it)))
        {
            var (file, anchor) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, null);
            var target = file.Length == 0 ? Path : System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, Uri.UnescapeDataString(file)));
            var from = System.IO.Path.GetRelativePath(root, Path);
            if (!target.StartsWith(root, StringComparison.Ordinal) || !(File.Exists(target) || Directory.Exists(target)))
            {
                yield return $"{from}: ({link}) leads to no file";
            }
            else if (anchor is not null && target.EndsWith(".md", StringComparison.Ordinal))
            {
                if (!pages.TryGetValue(target, out var page))
                {
                    pages[target] = page = new MarkdownPage(target);
                }

                if (!page.Anchors.Contains(anchor))
                {
                    yield return $"{from}: ({link}) has no such heading";
                }
            }
        }
    }

    private static int Count(string[] lines) => lines.Sum(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);

    private HashSet<string> ReadAnchors()
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (var heading in Headings)
        {
            var text = Link().Replace(heading, it => it.Groups["text"].Value);
            var slug = string.Concat(text.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')).Replace(' ', '-');
            var unique = slug;
            for (var i = 1; !anchors.Add(unique); i++)
            {
                unique = $"{slug}-{i}";
            }
        }

        return anchors;
    }

    private static IEnumerable<string> WithoutCode(string[] lines)
    {
        string? fence = null;
        foreach (var line in lines)
        {
            var mark = Fence().Match(line);
            if (fence is null && mark.Success)
            {
                fence = mark.Groups["mark"].Value;
            }
            else if (fence is not null)
            {
                fence = mark.Success && mark.Groups["mark"].Value.StartsWith(fence, StringComparison.Ordinal) ? null : fence;
            }
            else
            {
                yield return line;
            }
        }
    }

    [GeneratedRegex("^ *(?<mark>```+|~~~+)")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^#{1,6} (?<text>.*)$")]
    private static partial Regex Heading();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\[(?<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?<target>[^()\s]+)(?:\s+""[^""]*"")?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?:src|srcset|href)=""(?<target>[^""]+)""")]
    private static partial Regex Attribute();

    [GeneratedRegex("^[a-z][a-z0-9+.-]*:", RegexOptions.IgnoreCase)]
    private static partial Regex HasScheme();
}
