namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>User and password for a camera.</summary>
/// <param name="User">Its name.</param>
/// <param name="Password">Its password; never logged, never sent as it is.</param>
public sealed record OnvifLogin(string User, string Password)
{
    /// <summary>Shows the user alone.</summary>
    public override string ToString() => $"user '{User}'";
}
