
namespace MobileVlm.Edge.Actors.Capture;

/// <summary>The cameras of this moment. Replaced as a whole, so that a pipeline never sees half a change and never takes
/// the moment between two cameras for the end of all. Thread-safe.</summary>
internal sealed class CameraIntakes(IReadOnlyList<CameraIntake> intakes, WakeSignal wake)
{
    private volatile IReadOnlyList<CameraIntake> _current = intakes;

    public IReadOnlyList<CameraIntake> Current => _current;

    /// <summary>Whether no camera will deliver another frame.</summary>
    public bool AreDone => _current.All(intake => intake.IsDone);

    public void Change(IReadOnlyList<CameraIntake> intakes)
    {
        _current = intakes;
        wake.Set();
    }
}
