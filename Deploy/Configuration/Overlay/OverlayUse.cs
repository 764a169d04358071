using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>What an entry of the overlay does.</summary>
internal enum OverlayEffect
{
    /// <summary>Adds a question that the configuration file does not have.</summary>
    Adds,

    /// <summary>Counts instead of a question of the configuration file.</summary>
    Overrides,

    /// <summary>Deletes a question of the configuration file.</summary>
    Deletes,

    /// <summary>Does nothing.</summary>
    Unused,
}

/// <summary>What became of an entry of the overlay.</summary>
/// <param name="Key">Camera and question, spelled as in the configuration file where that has them.</param>
/// <param name="Effect">What it does.</param>
/// <param name="InFile">The question as the file has it; null if the file has none.</param>
internal sealed record OverlayUse(QuestionKey Key, OverlayEffect Effect, QuestionOptions? InFile)
{
    /// <summary>Why it is not used; null where it is.</summary>
    public string? Reason { get; init; }

    /// <summary>The errors because of which it is not used.</summary>
    public IReadOnlyList<ConfigurationProblem> Errors { get; init; } = [];

    /// <summary>The configuration key of a question.</summary>
    public static string ConfigurationKey(QuestionKey key) =>
        $"{EdgeOptions.Section}:{nameof(EdgeOptions.Cameras)}:{key.Camera}:{nameof(CameraOptions.Questions)}:{key.Question}";

    public override string ToString() => Effect switch
    {
        OverlayEffect.Adds => $"{Key} was added over HTTP",
        OverlayEffect.Overrides => $"{Key} was changed over HTTP and counts instead of the file's",
        OverlayEffect.Deletes => $"{Key} was deleted over HTTP and is not asked although the file has it",
        OverlayEffect.Unused => $"{Key} was changed over HTTP, but that is not used: {Reason}",
        _ => throw new ArgumentOutOfRangeException(nameof(Effect), Effect, "This effect has no text."),
    };
}
