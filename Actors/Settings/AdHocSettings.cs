using MobileVlm.Edge.Connectors.Mqtt.AdHoc;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Questions that anybody may ask at any moment, and how many.</summary>
public sealed record AdHocSettings
{
    /// <summary>False refuses all of them.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Questions that may wait or be answered at once; one more gets the reply <c>busy</c>.</summary>
    public int MaxWaiting { get; init; } = 16;

    public AskLimits Limits { get; init; } = new();

    /// <summary>Most tokens of a written answer to a question that came over HTTP.</summary>
    public int MaxTokensOverHttp { get; init; } = 128;

    /// <summary>Topics to which replies may be sent: prefixes, each with its last <c>/</c>.</summary>
    public IReadOnlyList<string> ReplyPrefixes { get; init; } = ["replies/"];
}
