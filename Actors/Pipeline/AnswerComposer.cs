using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Composes the answers about a frame, and counts them. One caller at a time.</summary>
/// <param name="counters">Count the answers.</param>
/// <param name="time">The clock.</param>
/// <param name="host">The name of this host in its cluster; null without one.</param>
internal sealed class AnswerComposer(PipelineCounters counters, TimeProvider time, string? host = null)
{
    /// <summary>All answers about a frame, at the age that the frame has now.</summary>
    public FrameAnswered Frame(InFlightFrame frame, IReadOnlyList<QuestionAnswered> answers) => new()
    {
        Camera = frame.Frame.Camera,
        Sequence = frame.Frame.Sequence,
        CapturedAt = frame.Frame.CapturedAt,
        CapturedTimestamp = frame.Frame.CapturedTimestamp,
        Age = Age(frame),
        AgeAtSelection = frame.AgeAtSelection,
        GateTime = frame.GateTime,
        EncodeTime = frame.EncodeTime,
        PrefillTime = frame.PrefillTime,
        RepeatsFor = frame.Intake.Counters.RepeatsFor,
        Answers = answers,
    };

    /// <summary>Earlier answers as answers about this frame, so that rules that count answers see the same as if the questions
    /// had been asked.</summary>
    /// <param name="frame">Its scene is unchanged.</param>
    /// <param name="earlier">The parts of each due question's answer, in the order of the questions.</param>
    public FrameAnswered Reused(InFlightFrame frame, IReadOnlyList<IReadOnlyList<Answer>> earlier) => Frame(
        frame,
        [.. frame.DueQuestions.Zip(earlier, (question, parts) =>
            Answered(frame, question, [.. parts.Select(part => part with { Timings = default })]) with { Reused = true, Host = frame.Gate?.HostOf(question) })]);

    /// <summary>A question was answered.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="question">The question.</param>
    /// <param name="parts">Its answers.</param>
    /// <param name="answeredBy">The host that computed them; null for this one.</param>
    public QuestionAnswered Answered(InFlightFrame frame, StandingQuestion question, IReadOnlyList<Answer> parts, string? answeredBy = null)
    {
        var now = time.GetUtcNow();
        var counted = Counted(frame, question);
        counted.LastAnswer.Set(time.GetTimestamp());
        counters.Update(pipeline => pipeline.Answers++);
        return new QuestionAnswered(question, parts, now, Age(frame), counted.Update(stats => ++stats.Answered))
        {
            Host = answeredBy ?? host,
        };
    }

    /// <summary>A question was asked and has no answer.</summary>
    public QuestionAnswered Failed(InFlightFrame frame, StandingQuestion question, AnswerFailure failure)
    {
        CountFailed(frame, question, failure.Kind.ToReason());
        return new QuestionAnswered(
            question,
            [.. new QuestionBatch([question]).Questions.Select(part => Answer.Failed(part, failure.Kind, failure.Cause))],
            time.GetUtcNow(),
            Age(frame),
            Counted(frame, question).Read(counted => counted.Answered));
    }

    public void CountAsked(InFlightFrame frame, StandingQuestion question)
    {
        var counted = Counted(frame, question);
        counted.Update(stats => stats.Asked++);
        counted.LastAsked.Set(time.GetTimestamp());
    }

    public void CountFailed(InFlightFrame frame, StandingQuestion question, UnknownReason reason)
    {
        var counted = Counted(frame, question);
        counted.Update(stats => stats.Failed++);
        counted.LastFailureReason = reason;
        counted.LastFailure.Set(time.GetTimestamp());
    }

    /// <summary>Counts the frame's age at the moment at which it is answered.</summary>
    public void CountAge(InFlightFrame frame)
    {
        var age = Age(frame);
        counters.Aged(age);
        frame.Intake.Counters.Update(camera => camera.LastAgeMs = age.TotalMilliseconds);
    }

    private static QuestionCounters Counted(InFlightFrame frame, StandingQuestion question) =>
        frame.Intake.Counters.Question(question.Id);

    private TimeSpan Age(InFlightFrame frame) => time.GetElapsedTime(frame.Frame.CapturedTimestamp);
}
