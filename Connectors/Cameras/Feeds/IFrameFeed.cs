namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>One way to get pictures (a child process, OpenCV, a folder, a pattern). Holds no state between runs.</summary>
internal interface IFrameFeed
{
    /// <summary>Opens, delivers and closes on the calling thread, which is its own. Looks at
    /// <see cref="CaptureAttempt.Stop"/> wherever it waits, and returns what <see cref="CaptureAttempt.End"/> says.</summary>
    CaptureEnd Run(CaptureAttempt attempt);
}
