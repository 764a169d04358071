namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The scene gate after the encoder: where the visual tokens are nearly the same as when each due question was last
/// answered, those answers are reused and stage 2 does not run. Counted as gated, although the frame was encoded.</summary>
internal static class TokenGateStep
{
    /// <summary>Sets <see cref="InFlightFrame.ReusableAnswers"/> where all due questions have an answer that still
    /// holds.</summary>
    public static InFlightFrame Compare(InFlightFrame frame)
    {
        // Runs when stage 2 asks for the frame, so the answers about the previous frame are known to the gate by then.
        if (frame is { ReusableAnswers: null, Unanswerable: null, Gate: { } gate })
        {
            frame.Reuse(gate.StillValid(frame.Tokens, frame.DueQuestions));
        }

        return frame;
    }
}
