using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>One sample of a video. Whoever receives it disposes it, which gives its pixels back.</summary>
/// <param name="Time">Presentation time, from the beginning of the file.</param>
/// <param name="Frame">What is shown at that time.</param>
public sealed record VideoFrame(TimeSpan Time, Frame Frame) : IDisposable
{
    public void Dispose() => Frame.Dispose();
}
