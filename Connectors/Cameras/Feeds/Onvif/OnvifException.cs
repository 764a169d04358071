namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Why a camera could not be asked.</summary>
public enum OnvifErrorKind
{
    /// <summary>The camera does not answer, or answers too late.</summary>
    Unreachable,

    /// <summary>The camera requires a user and a password, or refuses those that it got.</summary>
    Refused,

    /// <summary>It answered with an error or with something that is not ONVIF.</summary>
    Failed,
}

/// <summary>A camera could not be asked. The message names what happened and what to do, without passwords.</summary>
public sealed class OnvifException(OnvifErrorKind fault, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Kind of error.</summary>
    public OnvifErrorKind Fault { get; } = fault;
}
