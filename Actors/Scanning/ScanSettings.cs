using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Scanning;

/// <summary>What is asked about each sample of a video.</summary>
/// <param name="Questions">At least one, each with an id of its own. Their thresholds decide values; schedules, conditions and rules for states
/// do not count.</param>
public sealed record ScanSettings(IReadOnlyList<StandingQuestion> Questions)
{
    /// <summary>The part of the frames that all questions are about; null for all of it.</summary>
    public FrameRegion? Region { get; init; }

    /// <summary>When answers are reused, in the video's time; null asks about every sample.</summary>
    public SceneGateSettings? Gate { get; init; }
}
