using MobileVlm.Edge.Connectors.Hub;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>The options of the command line, validated.</summary>
internal sealed record PullRequest
{
    /// <summary>Null imports from <see cref="Bundle"/>.</summary>
    public string? Id { get; init; }

    /// <summary>The decoder's file in a repository of GGUF files; null takes the only one.</summary>
    public string? File { get; init; }

    /// <summary>The file of its vision encoder; null takes the one that fits.</summary>
    public string? Mmproj { get; init; }

    public required string Revision { get; init; }

    /// <summary>Null means <c>./models/NAME</c>.</summary>
    public string? Folder { get; init; }

    /// <summary>Used for nothing when a bundle is written.</summary>
    public required ImportChoice Import { get; init; }

    public bool Keep { get; init; }

    /// <summary>Archive to write, or without an id to read.</summary>
    public string? Bundle { get; init; }

    public required HubSettings Hub { get; init; }
}
