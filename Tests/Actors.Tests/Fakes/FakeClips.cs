using MobileVlm.Edge.Connectors.Clips;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Remembers which clips are requested.</summary>
internal sealed class FakeClips : IClipRecorder
{
    public bool HasVideo { get; set; } = true;

    public List<(string Camera, long Frame, DateTimeOffset At)> Requests { get; } = [];

    public bool Request(string camera, long frame, DateTimeOffset at)
    {
        Requests.Add((camera, frame, at));
        return HasVideo;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
