namespace MobileVlm.Edge.Connectors.Cameras.Sources;

/// <summary>What a source needs on the machine.</summary>
public enum SourceRequirement
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The program <c>gst-launch-1.0</c>.</summary>
    GStreamer,

    /// <summary>Access to devices below <c>/dev</c>.</summary>
    Devices,
}

/// <summary>A kind of source as it is registered in <see cref="SourceKinds.All"/>: which strings it accepts, and what messages and the
/// reference say about it.</summary>
internal sealed record SourceKind
{
    /// <summary>The prefixes of this kind of source.</summary>
    public required IReadOnlyList<string> Prefixes { get; init; }

    /// <summary>Whether the kind also takes what has neither a known prefix nor a scheme. True for one kind.</summary>
    public bool AcceptsRest { get; init; }

    /// <summary>Comparison of prefixes: schemes in any case, paths exactly.</summary>
    public StringComparison PrefixComparison { get; init; } = StringComparison.OrdinalIgnoreCase;

    /// <summary>Parses a source with one of the prefixes. Throws <see cref="FormatException"/> with a sentence that says what would be
    /// accepted, and shows no password.</summary>
    public required Func<string, SourceAddress> Parse { get; init; }

    /// <summary>The prefixes that messages list, where it is an address: all of them unless set.</summary>
    public IReadOnlyList<string> ListedPrefixes
    {
        get => field ?? (ListedAs is null ? Prefixes : []);
        init;
    }

    /// <summary>Text by which messages list it, where it is not an address.</summary>
    public string? ListedAs { get; init; }

    /// <summary>Text by which the configuration reference lists it; null where <see cref="ListedPrefixes"/> suffices.</summary>
    public string? DocumentedAs { get; init; }

    /// <summary>Schemes that are not taken for a file name: without <c>//</c> they are a mistake.</summary>
    public IReadOnlyList<string> SchemesThatNeedSlashes { get; init; } = [];

    /// <summary>Whether a source without a scheme is a path, which is taken relative to the configuration file.</summary>
    public bool IsPath { get; init; }

    public SourceRequirement Requirement { get; init; }

    /// <summary>Whether a client that cannot read this machine's files may name such a source: an address in the network, or a test
    /// pattern.</summary>
    public bool MayBeNamedByClient { get; init; }

    /// <summary>Whether ffmpeg receives an encoded stream that can be copied into clips.</summary>
    public bool RecordsClips { get; init; }

    public bool HasPrefix(string source) => Prefixes.Any(prefix => source.StartsWith(prefix, PrefixComparison));
}
