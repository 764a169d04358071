namespace MobileVlm.Edge.Deploy.Init;

/// <summary>A camera of the new file.</summary>
/// <param name="Name">The camera's name in topics.</param>
/// <param name="Source">The value of <c>Source</c>.</param>
/// <param name="PasswordFile">The password file of an ONVIF camera; null for others.</param>
internal sealed record InitCamera(string Name, string Source, string? PasswordFile = null);

/// <summary>The contents of the new file.</summary>
internal sealed record InitAnswers
{
    /// <summary>A placeholder for the cameras while other answers are tested.</summary>
    public static readonly InitCamera AnyCamera = new("camera", "pattern:320x240@5");

    public string? Node { get; init; }

    public string? StateFolder { get; init; }

    /// <summary>The model's folder; a placeholder that need not exist until the user has named one.</summary>
    public string Model { get; init; } = "/nowhere";

    public string Broker { get; init; } = "embedded";

    public string? User { get; init; }

    public string? PasswordFile { get; init; }

    public string? CaFile { get; init; }

    public IReadOnlyList<InitCamera> Cameras { get; init; } = [AnyCamera];

    /// <summary>The address of the page and the API; null opens no port.</summary>
    public string? Listen { get; init; }

    /// <summary>The file of the tokens that HTTP clients need; null needs none.</summary>
    public string? TokenFile { get; init; }

    public string Question { get; init; } = DefaultQuestion;

    public const string DefaultQuestion = "Is there a person?";
}
