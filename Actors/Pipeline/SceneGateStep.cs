using MobileVlm.Edge.Actors.Scenes;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The scene gate before the encoder: where the scene is the same as when each due question was last answered, those
/// answers are reused and neither stage runs.</summary>
internal sealed class SceneGateStep(TimeProvider time)
{
    /// <summary>Sets <see cref="InFlightFrame.ReusableAnswers"/> where all due questions have an answer that still
    /// holds.</summary>
    public InFlightFrame Compare(InFlightFrame frame)
    {
        if (frame.Gate is not { } gate)
        {
            return frame;
        }

        var started = time.GetTimestamp();
        frame.Fingerprint = new SceneFingerprint(frame.Frame);
        frame.Reuse(gate.StillValid(frame.Fingerprint, frame.DueQuestions));
        frame.GateTime = time.GetElapsedTime(started);
        return frame;
    }
}
