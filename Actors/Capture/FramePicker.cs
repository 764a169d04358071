namespace MobileVlm.Edge.Actors.Capture;

/// <summary>Picks the newest frame of the next camera that has a question due. The cameras take turns, however many engines ask.
/// Thread-safe.</summary>
/// <param name="intakes">The cameras.</param>
/// <param name="uploads">Pictures that come with their questions.</param>
internal sealed class FramePicker(CameraIntakes intakes, UploadedFrameIntake uploads)
{
    private readonly Lock _lock = new();
    private int _next;

    /// <summary>Whether no frame waits and none will come. A picture can be uploaded at any time, so a pipeline whose cameras have ended
    /// does not wait for one.</summary>
    public bool AllDone => intakes.AreDone && !uploads.HasFrame;

    /// <summary>Whether a frame waits. It may be dropped when it is picked, if no question is due by then.</summary>
    public bool HasFrame => Intakes.Any(intake => intake.HasFrame);

    /// <summary>Whether a frame waits for the engine of this host.</summary>
    /// <param name="isResting">The engine rests: only ad-hoc questions are asked.</param>
    public bool HasLocalFrame(bool isResting) => isResting ? Intakes.Any(intake => intake.HasAdHocFrame) : HasFrame;

    /// <summary>Uploaded pictures take their turn like one more camera.</summary>
    private IReadOnlyList<IFrameIntake> Intakes => [.. intakes.Current, uploads];

    /// <summary>The next frame and where it comes from; null when none is to be asked about.</summary>
    public (IFrameIntake Intake, PickedFrame Picked)? Pick() => Pick(intake => intake.Pick());

    /// <summary>The same for the engine of this host.</summary>
    /// <param name="isResting">The engine rests: only ad-hoc questions are asked.</param>
    public (IFrameIntake Intake, PickedFrame Picked)? PickLocal(bool isResting) => isResting ? Pick(intake => intake.PickAdHoc()) : Pick();

    private (IFrameIntake Intake, PickedFrame Picked)? Pick(Func<IFrameIntake, PickedFrame?> pick)
    {
        lock (_lock)
        {
            var current = Intakes;
            for (var i = 0; i < current.Count; i++)
            {
                var at = (_next + i) % current.Count;
                if (pick(current[at]) is { } picked)
                {
                    // The camera that was served comes last next time, however fast it is.
                    _next = (at + 1) % current.Count;
                    return (current[at], picked);
                }
            }

            return null;
        }
    }
}
