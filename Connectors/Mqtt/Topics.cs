namespace MobileVlm.Edge.Connectors.Mqtt;

/// <summary>The topic tree of one box: <c>&lt;base&gt;/&lt;node&gt;/…</c>. Names are checked where configuration is read.</summary>
public sealed class Topics(string baseTopic, string node)
{
    private readonly string _root = $"{baseTopic}/{node}";

    /// <summary>Filter for everything of this box.</summary>
    public string All => $"{_root}/#";

    /// <summary>Retained, and the will: <c>online</c>, <c>stopped</c>, <c>offline</c>.</summary>
    public string Availability => $"{_root}/availability";

    /// <summary>Retained JSON, refreshed on a fixed interval.</summary>
    public string Stats => $"{_root}/stats";

    /// <summary>Retained: <c>online</c>, <c>offline</c>.</summary>
    public string CameraAvailability(string camera) => $"{_root}/{camera}/availability";

    /// <summary>Retained: the bare value, cut to 255 characters.</summary>
    public string State(string camera, string question) => $"{_root}/{camera}/{question}/state";

    /// <summary>Retained JSON: <see cref="AnswerPayload"/>.</summary>
    public string Answer(string camera, string question) => $"{_root}/{camera}/{question}/answer";

    /// <summary>Not retained JSON: <see cref="EventPayload"/>.</summary>
    public string Event(string camera, string question) => $"{_root}/{camera}/{question}/event";

    /// <summary>Retained JPEG of the very frame that was asked.</summary>
    public string Snapshot(string camera) => $"{_root}/{camera}/snapshot";
}
