
namespace MobileVlm.Edge.Actors.Capture;

/// <summary>The cameras of this moment. Replaced as a whole, so that a pipeline never sees half a change and never takes
/// the moment between two cameras for the end of all. Thread-safe.</summary>
/// <param name="intakes">One for each camera.</param>
/// <param name="wake">Wakes the pipeline after a change.</param>
/// <param name="runsWithoutCameras">Whether the pipeline continues without cameras, for uploaded pictures.</param>
internal sealed class CameraIntakes(IReadOnlyList<CameraIntake> intakes, WakeSignal wake, bool runsWithoutCameras = false)
{
    private volatile IReadOnlyList<CameraIntake> _current = intakes;
    private volatile bool _waitsForUploads = runsWithoutCameras;

    public IReadOnlyList<CameraIntake> Current => _current;

    /// <summary>Whether no camera will deliver another frame.</summary>
    public bool AreDone => _current.All(intake => intake.IsDone) && !(_waitsForUploads && _current.Count == 0);

    /// <summary>The service stops: without a camera, the pipeline does not wait any more.</summary>
    public void Close()
    {
        _waitsForUploads = false;
        wake.Set();
    }

    public void Change(IReadOnlyList<CameraIntake> intakes)
    {
        _current = intakes;
        wake.Set();
    }
}
