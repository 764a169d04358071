using MobileVlm.Edge.Actors.Pipeline;

namespace MobileVlm.Edge.Actors.Capture;

/// <summary>The cameras of this moment. Replaced as a whole, so that a pipeline never sees half a change and never takes
/// the moment between two cameras for the end of all. Thread-safe.</summary>
internal sealed class FrameIntakes(IReadOnlyList<CameraIntake> lanes, WakeSignal bell)
{
    private volatile IReadOnlyList<CameraIntake> _now = lanes;

    public IReadOnlyList<CameraIntake> Now => _now;

    /// <summary>Nothing comes from any camera any more.</summary>
    public bool AreDone => _now.All(lane => lane.IsDone);

    public void Change(IReadOnlyList<CameraIntake> lanes)
    {
        _now = lanes;
        bell.Set();
    }
}
