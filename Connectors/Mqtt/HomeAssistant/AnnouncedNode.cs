namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>The service itself, which Home Assistant sees as one more device.</summary>
/// <param name="Node">The device.</param>
/// <param name="Model">Name of the model that answers.</param>
/// <param name="Modes">The names of the modes, at least one.</param>
public sealed record AnnouncedNode(string Node, string Model, IReadOnlyList<string> Modes);
