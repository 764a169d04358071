using System.Globalization;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Http;

/// <summary>What the service is made from.</summary>
/// <param name="Settings">Limits of ad-hoc questions.</param>
/// <param name="Intakes">The cameras.</param>
/// <param name="Uploads">Takes pictures that come with their questions.</param>
/// <param name="Decoding">Decodes those.</param>
/// <param name="States">The states of the questions.</param>
/// <param name="Counters">What is counted.</param>
/// <param name="Live">The latest answers; null where nobody follows them.</param>
/// <param name="ToJpeg">Encodes a frame.</param>
/// <param name="Stats">Takes the statistics.</param>
/// <param name="Remote">Whether other hosts, which have the model, can be reached; null where this host has it.</param>
internal sealed record CameraServiceContext(
    AdHocSettings Settings,
    CameraIntakes Intakes,
    UploadedFrameIntake Uploads,
    UploadDecodingQueue Decoding,
    QuestionStates States,
    EdgeCounters Counters,
    LiveUpdates? Live,
    Func<Frame, byte[]> ToJpeg,
    Func<StatsPayload> Stats,
    RemoteEngine? Remote = null);

/// <summary>Shows cameras and questions to the HTTP server, and asks its questions: each goes with the next frame, like those that come
/// over MQTT, and waits in the same queues. Its callers bound how many wait. Thread-safe.</summary>
internal sealed class CameraService(CameraServiceContext context, ClockMonitor clock, TimeProvider time) : ICameraService
{
    /// <summary>A camera that is slower is shown with the frame that was answered last.</summary>
    private static readonly TimeSpan SnapshotWait = TimeSpan.FromSeconds(2);

    /// <summary>When a camera that has ended or whose questions wait is worth another try.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public IReadOnlyList<CameraView> Cameras => [.. context.Intakes.Current.Select(Describe)];

    /// <inheritdoc/>
    public IModeService Modes { get; } = new ModeService(context.States);

    /// <inheritdoc/>
    public StatsPayload Stats => context.Stats();

    /// <inheritdoc/>
    public async Task<Snapshot?> SnapshotAsync(string camera, CancellationToken cancel)
    {
        if (Find(camera) is not { } intake)
        {
            return null;
        }

        if (intake is { IsDone: false, Counters.Online: true })
        {
            try
            {
                var (jpeg, sequence) = await intake.Snapshots.NextAsync(context.ToJpeg).WaitAsync(SnapshotWait, time, cancel);
                return new Snapshot(jpeg, sequence.Value);
            }
            catch (TimeoutException)
            {
                return LastAnswered(intake);
            }
        }

        return LastAnswered(intake);
    }

    /// <inheritdoc/>
    public bool TrySwitch(string camera, string question, bool enabled) =>
        Find(camera) is { } intake && context.States.Switches.Set(intake.Configuration.Id, question, enabled);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AskAnswer>> AskAsync(
        string? camera, ReadOnlyMemory<byte>? picture, IReadOnlyList<AskQuestion> questions, TimeSpan within, CancellationToken cancel)
    {
        var intake = camera is null ? null : UsableIntake(camera);
        if (context.Remote?.MissingReason is { } missing)
        {
            throw HttpFailureException.Unavailable(missing, RetryAfter);
        }

        var pending = questions.Select(question => new PendingAsk(ToQuestion(question), AskRegions.Of(question.Region, question.Mask))).ToList();
        try
        {
            Count(asks => asks.Received += questions.Count);
            return await AskAsync(intake, picture, questions, pending, within, cancel);
        }
        finally
        {
            foreach (var ask in pending.Where(ask => !ask.Question.IsCompleted))
            {
                ask.Question.Withdraw();
                intake?.Withdraw(ask.Question);
                context.Uploads.Withdraw(ask.Question);
            }
        }
    }

    /// <inheritdoc/>
    public void CountBusy(int questions) => Count(asks =>
    {
        asks.Received += questions;
        asks.Busy += questions;
    });

    private async Task<IReadOnlyList<AskAnswer>> AskAsync(
        CameraIntake? intake,
        ReadOnlyMemory<byte>? picture,
        IReadOnlyList<AskQuestion> questions,
        List<PendingAsk> pending,
        TimeSpan within,
        CancellationToken cancel)
    {
        var unusable = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (intake is not null)
        {
            pending.ForEach(ask => intake.Ask(ask.Question));
        }
        else
        {
            context.Decoding.Add(picture!.Value, [.. pending.Select(ask => ask.Question)], reason => unusable.TrySetResult(reason));
        }

        var answered = Task.WhenAll(pending.Select(ask => ask.Ended.Task));
        var ended = Task.WhenAny(answered, unusable.Task);
        try
        {
            await ended.WaitAsync(within, time, cancel);
        }
        catch (TimeoutException) when (pending.TrueForAll(ask => ask.Question.IsCompleted || ask.Question.IsInFlight))
        {
            // The model already works on the last of them, so the limit of the wait for it no longer applies.
            await ended.WaitAsync(cancel);
        }
        catch (TimeoutException)
        {
            Count(asks => asks.Expired += questions.Count);
            throw HttpFailureException.Busy(
                intake?.Counters.Online == false ? "the camera is offline" : string.Create(CultureInfo.InvariantCulture, $"no answer came within {within.TotalSeconds:0} s"),
                RetryAfter);
        }

        if (!answered.IsCompleted)
        {
            Count(asks => asks.Refused += questions.Count);
            throw HttpFailureException.Invalid(null, $"the picture cannot be used: {await unusable.Task}");
        }

        var ends = await answered;
        Count(asks => asks.Answered += ends.Count(end => end.Answer is not null));
        Count(asks => asks.Failed += ends.Count(end => end.Answer is null));
        return [.. questions.Zip(ends).Select(it => ToAnswer(it.First, it.Second, isOfCamera: intake is not null))];
    }

    private CameraIntake? Find(string camera) =>
        context.Intakes.Current.FirstOrDefault(intake => intake.Configuration.Id.Value == camera);

    /// <exception cref="HttpFailureException">No question can be asked about the camera now.</exception>
    private CameraIntake UsableIntake(string camera)
    {
        var intake = Find(camera)
            ?? throw HttpFailureException.UnknownCamera(camera, context.Intakes.Current.Select(it => it.Configuration.Id.Value));
        return intake.IsDone ? throw HttpFailureException.Unavailable($"the camera '{camera}' has ended and delivers no more frames", RetryAfter)
            : intake.SuspensionReason is { } reason ? throw HttpFailureException.Unavailable(reason, RetryAfter)
            : intake;
    }

    private Snapshot? LastAnswered(CameraIntake intake) =>
        context.Live?.SnapshotOf(intake.Configuration.Id) is var (jpeg, sequence) ? new Snapshot(jpeg, sequence.Value) : null;

    private void Count(Action<AskStats> change) => context.Counters.Asks.Update(asks =>
    {
        change(asks);
        return 0;
    });

    private Question ToQuestion(AskQuestion question) =>
        AnswerHandler.Of(question.Type).ToModelQuestion(question.Ask, question.Choices, context.Settings.MaxTokensOverHttp);

    private AskAnswer ToAnswer(AskQuestion question, AdHocResult end, bool isOfCamera)
    {
        if (end.Answer is not { } answered)
        {
            return new AskAnswer
            {
                Value = AnswerWords.Unknown,
                Reason = end.Reason,
                Text = "",
                Finish = "cancelled",
                Timings = new StageTimings(0, 0, 0),
            };
        }

        var answer = answered.Answer;
        var (value, reason) = ValueOf(question.Type, answer);
        return new AskAnswer
        {
            Value = value,
            Reason = reason,
            Text = answer.Text,
            Asked = answer.Question.PromptText,
            Score = answer.Score,
            Mass = answer.Mass,
            Scores = answer.ChoiceScores.Count == 0
                ? null
                : answer.Question.Choices.Zip(answer.ChoiceScores).ToDictionary(it => it.First, it => it.Second),
            Host = answered.Host,
            TokenIds = answer.TokenIds,
            Finish = answer.Finish == FinishReason.Length ? "length" : answer.Finish == FinishReason.Stopped ? "stop" : "cancelled",
            Frame = isOfCamera ? answered.Sequence.Value : null,
            CapturedAt = isOfCamera ? clock.Correct(answered.CapturedAt) : null,
            Age = isOfCamera ? answered.Age : null,
            Timings = new StageTimings(
                answered.EncodeTime.TotalMilliseconds,
                (answered.PrefillTime + answer.Timings.Prefill).TotalMilliseconds,
                answer.Timings.Decode.TotalMilliseconds),
        };
    }

    private static (string Value, string? Reason) ValueOf(AnswerType type, Answer answer)
    {
        if (type == AnswerType.Number)
        {
            var parsed = AnswerHandler.Of(type).ParsePart(answer, NumberBounds.Any, new Thresholds());
            return (parsed.Value ?? AnswerWords.Unknown, parsed.Unclear?.ToText());
        }

        var (value, reason) = UnknownReasons.ValueOf(answer);
        return (value, reason?.ToText());
    }

    private CameraView Describe(CameraIntake intake)
    {
        var id = intake.Configuration.Id;
        var last = intake.Counters.LastFrame;
        return new CameraView(
            id.Value,
            intake.Counters.Online,
            last.At(clock),
            last.Value is { } at ? time.GetElapsedTime(at) : null,
            [.. intake.Configuration.Questions.Select(question => Describe(intake, question))]);
    }

    private QuestionView Describe(CameraIntake intake, StandingQuestion question)
    {
        var id = intake.Configuration.Id;
        var state = context.States.Of(id, question.Id);
        var last = context.Live?.Of(id, question.Id)?.Last;
        var counters = intake.Counters.Question(question.Id);
        return new QuestionView
        {
            Id = question.Id,
            Ask = question.Text,
            Answer = question.Kind.ToString(),
            Enabled = context.States.Switches.IsEnabled(id, question.Id),
            State = state.State,
            Value = last?.Parsed.Value,
            Score = last?.Parsed.Score,
            Mass = last?.Parsed.Mass,
            ScoredBy = last?.Parsed.ScoredBy?.ToName(),
            TaughtProblem = question.Taught?.Problem,
            TaughtDrift = counters.DriftOf(question, clock),
            Thresholds = AnswerHandler.Of(question.Kind).ToShown(context.States.ThresholdsOf(id, question, time.GetUtcNow())),
            Since = clock.Correct(state.Since),
            Age = last is null ? null : time.GetElapsedTime(last.Frame.CapturedTimestamp),
            WaitsFor = counters.WaitReason?.ToText(),
            SnoozedUntil = context.States.Snoozes.Until(id, question.Id),
        };
    }

    private sealed class PendingAsk
    {
        public PendingAsk(Question question, FrameRegion? region) =>
            Question = new AdHocQuestion(question, end => Ended.TrySetResult(end)) { Region = region };

        public AdHocQuestion Question { get; }

        public TaskCompletionSource<AdHocResult> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
