using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Connectors.Videos;

namespace MobileVlm.Edge.Deploy.Commands.Scanning;

/// <summary>All that a run of <c>scan</c> found.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Settings">What was asked.</param>
/// <param name="Sampling">Which frames.</param>
/// <param name="Videos">In the order in which they were given.</param>
internal sealed record ScanReport(string Model, ScanSettings Settings, VideoSampling Sampling, IReadOnlyList<ScannedVideo> Videos)
{
    public IReadOnlyList<StandingQuestion> Questions => Settings.Questions;

    /// <summary>All videos were read to their ends.</summary>
    public bool IsComplete => Videos.All(video => video.IsComplete);
}
