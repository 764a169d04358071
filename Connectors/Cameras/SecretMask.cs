using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>Takes passwords out of everything that people or logs get to see. Rather masks too much: a URL that is
/// not well formed, or one quoted by another program, must not leak either.</summary>
internal sealed partial class SecretMask
{
    private const string Mask = "***";

    /// <summary>Shorter ones would turn ordinary words into stars and are masked in their URL only.</summary>
    private const int ShortestReplaced = 4;

    private readonly string[] _secrets;

    public SecretMask(string source)
    {
        // Other programs may print the password alone, as written or decoded.
        _secrets = [.. UserInfo().Matches(source).Select(match => match.Groups["secret"].Value)
            .Concat(NamedValue().Matches(source).Select(match => match.Groups["secret"].Value))
            .Select(secret => secret.Trim('"', '\''))
            .SelectMany(secret => new[] { secret, Uri.UnescapeDataString(secret) })
            .Where(secret => secret.Length >= ShortestReplaced)
            .Distinct()
            .OrderByDescending(secret => secret.Length)];
    }

    public string Apply(string text)
    {
        text = Patterns(text);
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, Mask, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>Whether there is something to mask.</summary>
    public static bool Holds(string source) => Patterns(source) != source;

    /// <summary>Masks by shape alone.</summary>
    public static string Patterns(string text) =>
        NamedValue().Replace(UserInfo().Replace(text, "${before}" + Mask + "@"), "${before}" + Mask);

    // Up to the last @ of the word, because passwords with @ or / in them are often written unescaped.
    [GeneratedRegex(@"(?<before>://[^\s/@:]*:)(?<secret>\S*)@")]
    private static partial Regex UserInfo();

    [GeneratedRegex(
        """(?<before>\b(?:[\w-]*(?:passw(?:or)?d|pwd|loginpas|secret|token|api_?key)|pass|user-pw|auth)=)"""
            + """(?<secret>"[^"]*"|'[^']*'|[^\s&"']+)""",
        RegexOptions.IgnoreCase)]
    private static partial Regex NamedValue();
}
