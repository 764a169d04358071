using Akka;
using Akka.Streams;
using Akka.Streams.Dsl;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The way of a frame from the newest frame of its camera to the states and events of its questions, step by
/// step.</summary>
/// <remarks>
/// <para>Nothing queues. Each camera keeps one newest frame in its <see cref="CameraIntake"/>; a newer one replaces it there.
/// <see cref="SceneGateStep"/>, <see cref="TokenGateStep"/>, <see cref="AdHocStep"/> and <see cref="EvaluateStep"/> return
/// at once; stage 1 and stage 2 work on one element and hold at most one.</para>
/// <para>Backpressure comes from two places. <see cref="InFlightLimit"/> admits one frame, or two where the stages overlap,
/// and a frame counts until its last ad-hoc question is answered. Each stage runs on an <see cref="WorkerThread"/>, one
/// call at a time. Without <c>Overlap</c> both stages share that thread and one frame is in flight, so the stream carries a
/// single element.</para>
/// <para>There is no asynchronous boundary: its input buffer would hold old frames. A frame that the stream drops when it
/// fails or is cancelled is not disposed by Akka.Streams; <see cref="InFlightLimit.AbandonAll"/> does that.</para>
/// </remarks>
internal static class AnswerPipeline
{
    /// <summary>Composes the steps. The stream runs until every camera has ended (the task completes) or the engine fails (the
    /// task fails).</summary>
    /// <param name="kill">Ends the stream with a failure that none of its frames caused.</param>
    /// <param name="dueFrames">Takes the newest frame of the next camera that has a question due.</param>
    /// <param name="sceneGate">Where the scene is unchanged, earlier answers are reused and both stages are skipped.</param>
    /// <param name="encode">Stage 1: pixels to visual tokens; begins the snapshot.</param>
    /// <param name="answer">Stage 2: visual tokens and due questions to answers.</param>
    /// <param name="adHoc">Begins the ad-hoc questions about the same frame; the standing answers do not wait for them.</param>
    /// <param name="evaluate">Answers to question states and events, which are then published.</param>
    public static IRunnableGraph<Task<Done>> Build(
        SharedKillSwitch kill,
        DueFrameStage dueFrames,
        SceneGateStep sceneGate,
        EncodeStep encode,
        AnswerStep answer,
        AdHocStep adHoc,
        EvaluateStep evaluate) =>
        Source.FromGraph(dueFrames)
            .Via(kill.Flow<InFlightFrame>())
            .Select(sceneGate.Compare)
            .SelectAsync(1, encode.EncodeAsync)
            .Where(frame => frame.CanBeAnswered)
            .Select(TokenGateStep.Compare)
            .SelectAsync(1, answer.AnswerAsync)
            .Select(adHoc.Begin)
            .Where(answered => answered.Answers.Count > 0)
            .ToMaterialized(Sink.ForEach<FrameAnswered>(evaluate.EvaluateAndPublish), Keep.Right);
}
