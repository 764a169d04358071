using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Background;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>What the service is made from.</summary>
/// <param name="Settings">The limit of written answers, and whether this host has a model.</param>
/// <param name="History">Null where none is kept.</param>
/// <param name="Intakes">The cameras and their questions.</param>
/// <param name="Asker">Asks about stored frames.</param>
/// <param name="LabelScores">Scores of labels.</param>
/// <param name="NewestAsync">The newest frame of a camera; null before the first.</param>
/// <param name="Loggers">For the log.</param>
internal sealed record PastServiceContext(
    EdgeSettings Settings,
    IHistory? History,
    CameraIntakes Intakes,
    StoredFrameAsker Asker,
    LabelScores LabelScores,
    Func<string, CancellationToken, Task<Snapshot?>> NewestAsync,
    ILoggerFactory Loggers);

/// <summary>Answers questions about the history of the cameras. Thread-safe.</summary>
internal sealed class PastService(PastServiceContext context, TimeProvider time) : IPastService
{
    private readonly PastJobs _jobs = new(context.Loggers.CreateLogger<PastJobs>());

    /// <inheritdoc/>
    public IReadOnlyList<TryOutView> TryOuts => [.. _jobs.Of<TryOutJob>().Select(job => job.View)];

    private IHistory History => context.History ?? throw new HttpFailureException(
        404, "this service keeps no history; History:Folder in its configuration names a folder for one", "no_history");

    /// <inheritdoc/>
    public async Task<WhatIfResult> WhatIfAsync(WhatIfQuery query, CancellationToken cancel)
    {
        var (history, question) = (History, QuestionOf(PlanOf(query.Camera), query.Question));
        return await WhatIfReplay.RunAsync(history, question, query, await context.LabelScores.OfAsync(query.Camera, question, cancel), cancel);
    }

    /// <inheritdoc/>
    public async Task<TryOutView> StartTryOutAsync(TryOutRequest request, CancellationToken cancel)
    {
        var history = History;
        CheckModel();
        _jobs.CheckFree();
        var plan = PlanOf(request.Camera);
        IReadOnlyList<StandingQuestion> questions = [.. request.Wordings.Select((wording, number) => TryOutQuestions.Of(
            wording,
            number,
            wording.Question is { } name ? QuestionOf(plan, name) : null,
            request.To - request.From,
            context.Settings.Asks.MaxTokensOverHttp))];
        var stored = await StoredFrames.ReadAsync(history, request.Camera, request.From, request.To, cancel);
        var frames = StoredFrames.Spread(stored, request.From, request.To, request.Frames);
        if (frames.Count == 0)
        {
            throw HttpFailureException.Invalid("from", $"no frame of the camera '{request.Camera}' is stored of this time; choose another one");
        }

        return _jobs.Start(new TryOutJob(new TryOutContext(history, context.Asker, time), request, questions, stored.Count, frames)).View;
    }

    /// <inheritdoc/>
    public TryOutResult TryOutResult(string id, int wording, PastThresholds thresholds)
    {
        var job = _jobs.Find<TryOutJob>(id);
        var question = job.Question(wording) ?? throw HttpFailureException.Invalid(
            "wording", string.Create(CultureInfo.InvariantCulture, $"the try-out has {job.View.Wordings.Count} wordings, numbered from 0"));
        return job.Result(wording, PastOutcomes.With(question.Rules.Thresholds, thresholds));
    }

    /// <inheritdoc/>
    public TryOutView EndTryOut(string id)
    {
        var job = _jobs.Find<TryOutJob>(id);
        _jobs.End(job);
        return job.View;
    }

    /// <inheritdoc/>
    public async Task<ExplanationView> StartExplanationAsync(ExplanationRequest request, CancellationToken cancel)
    {
        CheckModel();
        _jobs.CheckFree();
        var question = QuestionOf(PlanOf(request.Camera), request.Question);
        if (question.Kind is not (QuestionKind.YesNo or QuestionKind.Choice))
        {
            throw HttpFailureException.Invalid(
                "question", $"the question '{question.Id}' has the answer type {question.Kind}; only answers with a score (YesNo, Choice) are explained");
        }

        var jpeg = await PictureAsync(request, cancel);
        return _jobs.Start(new ExplanationJob(new ExplanationContext(context.Asker, time), request, question, jpeg)).View;
    }

    /// <inheritdoc/>
    public ExplanationView Explanation(string id) => _jobs.Find<ExplanationJob>(id).View;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> ExplanationPicture(string id) => _jobs.Find<ExplanationJob>(id).Jpeg;

    /// <inheritdoc/>
    public ExplanationView EndExplanation(string id)
    {
        var job = _jobs.Find<ExplanationJob>(id);
        _jobs.End(job);
        return job.View;
    }

    /// <summary>Cancels what runs; done when it has ended.</summary>
    public Task StopAsync() => _jobs.StopAsync();

    /// <exception cref="HttpFailureException">There is none.</exception>
    private async Task<ReadOnlyMemory<byte>> PictureAsync(ExplanationRequest request, CancellationToken cancel)
    {
        if (request.Snapshot is { } number)
        {
            return await History.SnapshotAsync(number, cancel)
                ?? throw HttpFailureException.NotFound(FormattableString.Invariant($"no snapshot {number} is stored, or it was deleted"));
        }

        return await context.NewestAsync(request.Camera, cancel) is { } newest ? newest.Jpeg
            : throw HttpFailureException.Unavailable($"the camera '{request.Camera}' has delivered no picture yet", TimeSpan.FromSeconds(5));
    }

    /// <exception cref="HttpFailureException">Other hosts have the model.</exception>
    private void CheckModel()
    {
        if (context.Settings.Remote is not null)
        {
            throw new HttpFailureException(
                409, "this host has no model of its own, and stored frames are not sent to other hosts; set Model:Path here, or try the wording with 'mobilevlm scan' on a host that has a model", "no_model");
        }
    }

    /// <exception cref="HttpFailureException">It is not configured.</exception>
    private CameraConfiguration PlanOf(string camera)
    {
        var current = context.Intakes.Current;
        return current.FirstOrDefault(intake => intake.Configuration.Id.Value == camera)?.Configuration
            ?? throw HttpFailureException.UnknownCamera(camera, current.Select(it => it.Configuration.Id.Value));
    }

    /// <exception cref="HttpFailureException">The camera does not have it.</exception>
    private static StandingQuestion QuestionOf(CameraConfiguration plan, string question) =>
        plan.Questions.FirstOrDefault(it => it.Id == question)
        ?? throw HttpFailureException.UnknownQuestion(plan.Id.Value, question, plan.Questions.Select(it => it.Id));
}
