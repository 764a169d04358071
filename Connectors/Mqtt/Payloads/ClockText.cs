namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Values of <c>clock</c> in payloads.</summary>
public static class ClockText
{
    /// <summary>The machine's clock shows a time that can be right.</summary>
    public const string Set = "set";

    /// <summary>The machine's clock was not set: times are null or left out.</summary>
    public const string Unset = "unset";
}
