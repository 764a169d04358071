using Akka;
using Akka.Streams.Dsl;
using MobileVlm.Edge.Actors.Capture;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The whole walk of a frame. Nothing queues: each camera keeps one newest frame in its
/// <see cref="CameraIntake"/>, each stage works on one and holds at most one, and <see cref="InFlightLimit"/> bounds
/// what is between selection and answer.</summary>
internal static class AnswerPipeline
{
    /// <summary>Runs until every camera has ended (the task completes) or the engine fails (the task fails).</summary>
    /// <remarks>There is no asynchronous boundary in here on purpose: its input buffer would hold old frames.</remarks>
    public static IRunnableGraph<Task<Done>> Build(
        DueFrameStage dueFrames, EncodeStep look, AnswerStep think, Action<FrameAnswered> publish) =>
        Source.FromGraph(dueFrames)
            .SelectAsync(1, look.EncodeAsync)
            .Where(walk => walk.IsSeen)
            .SelectAsync(1, think.ThinkAsync)
            .Where(answered => answered.Answers.Count > 0)
            .ToMaterialized(Sink.ForEach(publish), Keep.Right);
}
