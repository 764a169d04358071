namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>The topics on which Home Assistant learns of a service and of its cameras, one for each.</summary>
/// <param name="prefix">As in Home Assistant's own settings.</param>
/// <param name="node">Name of the service.</param>
public sealed class DiscoveryTopics(string prefix, string node)
{
    private const string End = "/config";

    private readonly string _root = $"{prefix}/device/mobilevlm-{node}";

    /// <summary>Filter for the cameras that this service announced, in this run or an earlier one.</summary>
    public string All => $"{_root}/+{End}";

    /// <summary>Retained: the service itself.</summary>
    public string Node => $"{_root}{End}";

    /// <summary>Retained: a device, or nothing once it is gone.</summary>
    public string Config(string camera) => $"{_root}/{camera}{End}";

    /// <summary>The camera whose topic this is; null for any other topic.</summary>
    public string? Camera(string topic)
    {
        var longEnough = topic.Length > _root.Length + 1 + End.Length;
        return longEnough && topic.StartsWith($"{_root}/", StringComparison.Ordinal) && topic.EndsWith(End, StringComparison.Ordinal)
            ? topic[(_root.Length + 1)..^End.Length]
            : null;
    }
}
