using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>Every kind of source there is. A new one is a file beside the others and a line here.</summary>
internal static partial class SourceKinds
{
    /// <summary>All kinds, in the order in which messages list them.</summary>
    public static IReadOnlyList<SourceKind> All { get; } =
    [
        RtspSource.Kind,
        HttpSource.Kind,
        RtmpSource.Kind,
        UdpSource.Kind,
        OnvifSource.Kind,
        DeviceSource.Kind,
        FileSource.Kind,
        GStreamerSource.Kind,
        PatternSource.Kind,
    ];

    /// <summary>Syntax that <see cref="Parse"/> accepts, for messages.</summary>
    public static string Accepted { get; } = ListForMessages();

    /// <summary>The same for the reference of the configuration, in Markdown.</summary>
    public static string Documented { get; } = ListForReference();

    /// <exception cref="FormatException">The source is not well formed; the message is a sentence that says what would be
    /// accepted, without passwords.</exception>
    public static SourceAddress Parse(string? source) => Find(source).Parse(source!);

    /// <summary>The kind that a source belongs to, well formed or not.</summary>
    /// <exception cref="FormatException">No kind accepts it.</exception>
    public static SourceKind Find(string? source)
    {
        if (string.IsNullOrWhiteSpace(source))
        {
            throw new FormatException($"The source is empty; {Accepted}.");
        }

        if (source.Any(char.IsControl))
        {
            throw new FormatException($"The source holds a control character; {Accepted}.");
        }

        if (All.FirstOrDefault(kind => kind.HasPrefix(source)) is { } known)
        {
            return known;
        }

        return Scheme().Match(source) is { Success: true } unknown
            ? throw new FormatException(
                $"'{SecretMask.Patterns(source)}' has the unknown scheme '{unknown.Groups["scheme"].Value.ToLowerInvariant()}'; {Accepted}.")
            : All.Single(kind => kind.AcceptsRest);
    }

    private static string ListForMessages()
    {
        var addresses = All.SelectMany(kind => kind.ListedPrefixes).ToList();
        var others = Others.Select(kind => kind.ListedAs!).ToList();
        return $"accepted are {string.Join(", ", addresses[..^1])} and {addresses[^1]} addresses, "
            + $"{string.Join(", ", others[..^1])} and {others[^1]}";
    }

    private static string ListForReference()
    {
        var addresses = All.Where(kind => kind.DocumentedAs is null).SelectMany(kind => kind.ListedPrefixes);
        var special = All.Where(kind => kind.DocumentedAs is not null && kind.ListedAs is null).Concat(Others);
        return $"{string.Join(", ", addresses.Select(it => $"`{it}`"))}; {string.Join("; ", special.Select(kind => kind.DocumentedAs))}";
    }

    private static IEnumerable<SourceKind> Others => All.Where(kind => kind.ListedAs is not null);

    [GeneratedRegex("^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")]
    private static partial Regex Scheme();
}
