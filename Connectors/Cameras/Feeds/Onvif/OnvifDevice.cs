namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>A camera that answered a search, before it was asked anything.</summary>
/// <param name="Name">As it announces itself, otherwise its model, otherwise its host.</param>
/// <param name="Device">Its device service.</param>
public sealed record OnvifDevice(string Name, Uri Device);

/// <summary>A camera for an operator to choose from.</summary>
/// <param name="Name">As it announces itself; for a recorder with the number of the video source.</param>
/// <param name="Address">The value for <c>Source</c>, without a user: <c>onvif://10.0.0.5</c>.</param>
/// <param name="Profiles">Its streams with video; empty when it could not be asked.</param>
/// <param name="Error">Why it could not be asked; null when it was.</param>
public sealed record OnvifCamera(string Name, string Address, IReadOnlyList<OnvifProfile> Profiles, string? Error = null);
