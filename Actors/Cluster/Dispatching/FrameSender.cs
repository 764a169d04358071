using System.Text;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>Picks frames, compares them with earlier ones, and sends those that must be asked about to an inference host. One caller at a
/// time.</summary>
internal sealed partial class FrameSender(
    DispatcherContext context,
    InFlightLimit inFlight,
    AnswerComposer composer,
    DraftCache drafts,
    SnapshotStep snapshots,
    TimeProvider time,
    ILogger<FrameSender> logger)
{
    private readonly ILogger _logger = logger;
    private readonly SceneGateStep _gate = new(time);
    private readonly RegionPixels _regions = new();
    private (ClusterModelKey Model, SquarePicture Picture)? _square;
    private long _requests;

    /// <summary>Sends the next frame that must be asked about.</summary>
    /// <returns>False when none waits.</returns>
    public bool TrySend(InferenceHost host, long ticket)
    {
        while (context.Picker.Pick() is { } next)
        {
            var frame = inFlight.Admit(next.Intake, next.Picked);
            try
            {
                if (!IsAnsweredHere(_gate.Compare(frame)) && Open(host, frame) is { } request)
                {
                    Send(request, ticket);
                    return true;
                }
            }
            catch
            {
                frame.Dispose();
                throw;
            }
        }

        return false;
    }

    /// <summary>Whether nothing has to be computed for this frame. It is disposed then.</summary>
    private bool IsAnsweredHere(InFlightFrame frame)
    {
        if (frame.ReusableAnswers is { } earlier)
        {
            context.Evaluate(composer.Reused(frame, earlier));
        }
        else if (frame.IsWithdrawn)
        {
            frame.Intake.Counters.Update(camera => camera.FramesIdle++);
        }
        else if (_regions.FindNothingVisible(frame) is { } failure)
        {
            Fail(frame, failure);
        }
        else
        {
            return false;
        }

        frame.Dispose();
        return true;
    }

    private void Fail(InFlightFrame frame, AnswerFailure failure)
    {
        frame.Intake.Counters.Update(camera => camera.FramesUsed++);
        foreach (var question in frame.AdHocQuestions)
        {
            question.Fail(failure.Message);
        }

        foreach (var question in frame.DueQuestions)
        {
            composer.CountAsked(frame, question);
        }

        if (frame.DueQuestions.Count > 0)
        {
            context.Evaluate(composer.Frame(frame, [.. frame.DueQuestions.Select(question => composer.Failed(frame, question, failure))]));
        }
    }

    /// <returns>Null when nothing can be asked about the frame; it is disposed then.</returns>
    private OpenRequest? Open(InferenceHost host, InFlightFrame frame)
    {
        List<StandingQuestion> asked = [.. frame.DueQuestions.Where(question =>
            context.Failing.PauseOf((frame.Frame.Camera, question)) is null)];
        var request = new OpenRequest(++_requests, host, frame, asked, time.GetTimestamp());
        if (request.Questions.Count == 0)
        {
            frame.Intake.Counters.Update(camera => camera.FramesIdle++);
            frame.Dispose();
            return null;
        }

        if (request.Questions.Count > WireFormat.MaxQuestions || request.Questions.Sum(BytesOf) > MaxQuestionBytes)
        {
            Fail(frame, new AnswerFailure(
                AnswerFailureKind.TooLong, new ArgumentException("The questions of one frame are too long together to be sent to another host.")));
            frame.Dispose();
            return null;
        }

        return request;
    }

    private const int MaxQuestionBytes = 160_000;

    private static int BytesOf(Question question) =>
        64 + Encoding.UTF8.GetMaxByteCount(question.Text.Length + (question.Suffix?.Length ?? 0))
        + question.Choices.Sum(choice => 8 + Encoding.UTF8.GetMaxByteCount(choice.Length)) + (8 * MaxDraft(question));

    private static int MaxDraft(Question question) => question.Kind == AnswerKind.Text ? Math.Min(question.MaxTokens, WireFormat.MaxItems) : 0;

    private void Send(OpenRequest request, long ticket)
    {
        var (frame, host) = (request.Frame, request.Host);
        if (ToSquare(frame, host) is not { } pixels)
        {
            frame.Intake.Counters.Update(camera => camera.FramesFailed++);
            frame.Dispose();
            host.Send(new NoFrame(ticket));
            return;
        }

        foreach (var question in request.Asked)
        {
            composer.CountAsked(frame, question);
        }

        host.Add(request);
        snapshots.Begin(frame);
        List<Question> questions = [.. request.Questions.Select((question, at) =>
            at < request.StandingCount ? WithDraft(frame.Frame.Camera, question) : question)];
        var hasMore = context.Picker.HasFrame;
        if (hasMore)
        {
            // It asks by itself when it has room again.
            host.NotifiedAt = time.GetTimestamp();
        }

        host.Send(new FrameToAnswer(
            ticket, request.Id, host.Present!.Model.PictureSize, pixels, questions, request.StandingCount, hasMore));
    }

    private Question WithDraft(CameraId camera, Question question)
    {
        var drafted = drafts.WithDraft(camera, question);
        return drafted.Draft.Count <= MaxDraft(question) ? drafted : question;
    }

    private byte[]? ToSquare(InFlightFrame frame, InferenceHost host)
    {
        var model = host.Present!.Model;
        var key = new ClusterModelKey(model.PictureSize, model.Padding);
        if (_square is not { } known || known.Model != key)
        {
            known = (key, new SquarePicture(model.PictureSize, model.PaddingBytes));
            _square = known;
        }

        var pixels = new byte[SquarePicture.BytesOf(model.PictureSize)];
        try
        {
            return RegionPixels.Read(frame, image =>
            {
                known.Picture.Resize(image, pixels);
                return pixels;
            });
        }
        catch (ArgumentException fault)
        {
            LogBadFrame(frame.Frame.Camera, frame.Frame.Sequence, fault.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 122, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} cannot be resized for another host and is skipped: {Reason}")]
    private partial void LogBadFrame(CameraId camera, FrameSequence frame, string reason);

    private readonly record struct ClusterModelKey(int Size, int Padding);
}
