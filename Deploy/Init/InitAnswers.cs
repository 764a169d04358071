namespace MobileVlm.Edge.Deploy.Init;

/// <summary>A camera of the new file.</summary>
/// <param name="Name">In topics.</param>
/// <param name="Source">As <c>Source</c> has it.</param>
/// <param name="PasswordFile">Of an ONVIF camera; null for others.</param>
internal sealed record InitCamera(string Name, string Source, string? PasswordFile = null);

/// <summary>The contents of the new file.</summary>
internal sealed record InitAnswers
{
    /// <summary>A placeholder for answers that were not given yet while one answer is tried.</summary>
    public static readonly InitCamera AnyCamera = new("camera", "pattern:320x240@5");

    public string? Node { get; init; }

    public string? StateFolder { get; init; }

    /// <summary>A path that need not exist, while it was not asked for.</summary>
    public string Model { get; init; } = "/nowhere";

    public string Broker { get; init; } = "embedded";

    public string? User { get; init; }

    public string? PasswordFile { get; init; }

    public string? CaFile { get; init; }

    public IReadOnlyList<InitCamera> Cameras { get; init; } = [AnyCamera];

    public string Question { get; init; } = DefaultQuestion;

    public const string DefaultQuestion = "Is there a person?";
}
