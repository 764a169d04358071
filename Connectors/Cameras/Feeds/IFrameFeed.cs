namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>One way to get frames (a child process, OpenCV, a folder, a pattern). Holds no state between runs.</summary>
internal interface IFrameFeed
{
    /// <summary>Opens, delivers and closes on the calling thread, which is its own. Checks
    /// <see cref="FeedAttempt.Stop"/> wherever it waits, and returns the result of <see cref="FeedAttempt.End"/>.</summary>
    CaptureEnd Run(FeedAttempt attempt);
}
