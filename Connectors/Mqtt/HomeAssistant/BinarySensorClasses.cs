namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>The device classes that Home Assistant has for binary sensors. A class decides the icon and the words for on and off, for example
/// "open" and "closed" for <c>garage_door</c>. Home Assistant refuses an entity with any other class.</summary>
public static class BinarySensorClasses
{
    /// <summary>All of them, as written in its configuration.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door", "garage_door", "gas", "heat", "light", "lock",
        "moisture", "motion", "moving", "occupancy", "opening", "plug", "power", "presence", "problem", "running", "safety", "smoke",
        "sound", "tamper", "update", "vibration", "window",
    ];

    /// <summary>That of an entity that is on while something is connected.</summary>
    internal const string Connectivity = "connectivity";

    /// <summary>That of an entity that is on while something needs attention.</summary>
    internal const string Problem = "problem";
}
