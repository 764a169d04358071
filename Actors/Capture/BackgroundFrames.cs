namespace MobileVlm.Edge.Actors.Capture;

/// <summary>Pictures that are asked about when no camera and no upload has a question due. Where something is always due, one is taken in
/// <see cref="LongestWait"/>, so that such work ends some day. Thread-safe.</summary>
internal sealed class BackgroundFrames(WakeSignal wake, TimeProvider time)
{
    /// <summary>After this a picture takes its turn like that of one more camera.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private long _since = time.GetTimestamp();

    /// <summary>Where they wait.</summary>
    public UploadedFrameIntake Intake { get; } = new(wake);

    /// <summary>Whether a picture waits.</summary>
    public bool HasFrame => Intake.HasFrame;

    /// <summary>Whether one has waited for too long.</summary>
    public bool IsOverdue => HasFrame && time.GetElapsedTime(Volatile.Read(ref _since)) >= LongestWait;

    /// <summary>The next one; null when none waits.</summary>
    public PickedFrame? Pick()
    {
        if (Intake.Pick() is not { } picked)
        {
            return null;
        }

        Volatile.Write(ref _since, time.GetTimestamp());
        return picked;
    }
}
