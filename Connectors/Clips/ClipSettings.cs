namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>Length and limits of clips. Values are validated where configuration is read.</summary>
public sealed record ClipSettings
{
    /// <summary>Video before the event. A clip begins with a key frame, so it may begin earlier by the camera's key frame
    /// interval.</summary>
    public TimeSpan Before { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Video after the event.</summary>
    public TimeSpan After { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The program that writes the MP4 files.</summary>
    public string FfmpegPath { get; init; } = "ffmpeg";

    /// <summary>Most bytes of video that are held for one camera: 30 s at 8 Mbit/s. With more, clips begin later.</summary>
    public long MaxRingBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Most clips that wait to be written; further events have none.</summary>
    public int MaxWaiting { get; init; } = 64;

    /// <summary>Longest time for writing one file; a disk that takes longer gets none.</summary>
    public TimeSpan WriteWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A clip is cut this long after its end, so that its last frames have arrived.</summary>
    internal static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    /// <summary>An event becomes known this long after its frame at most, and another clip may be written first.</summary>
    private static readonly TimeSpan Latency = TimeSpan.FromSeconds(20);

    /// <summary>Video that is held for each camera.</summary>
    internal TimeSpan RingLength => Before + After + Latency;
}
