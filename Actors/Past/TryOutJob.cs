using MobileVlm.Edge.Actors.Background;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>The parts that a try-out needs.</summary>
/// <param name="History">Has the frames.</param>
/// <param name="Asker">Decodes them and asks about them.</param>
/// <param name="Time">The clock.</param>
internal sealed record TryOutContext(IHistory History, StoredFrameAsker Asker, TimeProvider Time);

/// <summary>Asks wordings about stored frames, one frame after the other in the order of their times.</summary>
/// <param name="context">What it works with.</param>
/// <param name="request">What was requested.</param>
/// <param name="questions">The wordings as questions.</param>
/// <param name="stored">Stored frames of the time.</param>
/// <param name="frames">Those that are asked about.</param>
internal sealed class TryOutJob(
    TryOutContext context, TryOutRequest request, IReadOnlyList<StandingQuestion> questions, int stored, IReadOnlyList<StoredSnapshot> frames)
    : PastJob(context.Time)
{
    /// <summary>Equal parts of a histogram.</summary>
    public const int HistogramParts = 20;

    private readonly Lock _lock = new();
    private readonly List<(StoredSnapshot Frame, IReadOnlyList<IReadOnlyList<Answer>> Answers)> _answered = [];
    private int _skipped;

    /// <summary>The try-out and how far it is.</summary>
    public TryOutView View => new(
        Progress,
        request,
        stored,
        Volatile.Read(ref _skipped),
        [.. request.Wordings.Zip(questions, (wording, question) => new TryOutWordingView(wording.Question, question.Text, question.Kind.ToString())
        {
            Choices = question.Choices,
            Region = question.Region?.Inside?.ToText(),
            Mask = [.. question.Region?.Masks.Select(mask => mask.ToText()) ?? []],
        })]);

    /// <inheritdoc/>
    protected override int Total => frames.Count;

    /// <summary>The question of a wording; null if there is none.</summary>
    public StandingQuestion? Question(int wording) => wording < questions.Count ? questions[wording] : null;

    /// <summary>What is known about a wording by now.</summary>
    /// <param name="wording">Its number.</param>
    /// <param name="thresholds">The thresholds to apply.</param>
    public TryOutResult Result(int wording, Thresholds thresholds)
    {
        var question = questions[wording];
        (StoredSnapshot Frame, IReadOnlyList<Answer> Parts)[] answered;
        lock (_lock)
        {
            answered = [.. _answered.Select(it => (it.Frame, it.Answers[wording]))];
        }

        var handler = AnswerHandler.Of(question.Kind);
        var replay = new StateReplay(question, request.From);
        var tried = new List<TriedFrame>(answered.Length);
        foreach (var (frame, parts) in answered)
        {
            var parsed = handler.Parse(question, parts, thresholds);
            replay.Apply(parsed, frame.At);
            tried.Add(new TriedFrame(frame.At, frame.Frame, frame.Id, parsed.Value, parsed.Score, parsed.Mass, parsed.Unclear?.ToText()));
        }

        if (!IsRunning)
        {
            replay.End(request.To);
        }

        return new TryOutResult(
            View,
            wording,
            tried.Count(frame => frame.Value is null),
            HistogramOf(tried),
            PastOutcomes.Of(question, thresholds, replay),
            [.. tried.OrderByDescending(frame => frame.Score ?? -1).ThenBy(frame => frame.At)]);
    }

    /// <inheritdoc/>
    protected override async Task WorkAsync(CancellationToken cancel)
    {
        foreach (var frame in frames)
        {
            cancel.ThrowIfCancellationRequested();
            if (await AskAsync(frame, cancel) is { } answers)
            {
                lock (_lock)
                {
                    _answered.Add((frame, answers));
                }
            }
            else
            {
                Interlocked.Increment(ref _skipped);
            }

            Step();
        }
    }

    /// <returns>Null when the frame was deleted meanwhile or cannot be decoded.</returns>
    private async Task<IReadOnlyList<IReadOnlyList<Answer>>?> AskAsync(StoredSnapshot frame, CancellationToken cancel)
    {
        if (await context.History.SnapshotAsync(frame.Id, cancel) is not { } jpeg)
        {
            return null;
        }

        try
        {
            using var picture = await context.Asker.DecodeAsync(jpeg);
            return await context.Asker.AskAsync(picture, questions, cancel);
        }
        catch (ImageFileException)
        {
            return null;
        }
    }

    private static int[] HistogramOf(List<TriedFrame> frames)
    {
        if (!frames.Exists(frame => frame.Score is not null))
        {
            return [];
        }

        var parts = new int[HistogramParts];
        foreach (var score in frames.Select(frame => frame.Score).OfType<double>())
        {
            parts[Math.Clamp((int)(score * HistogramParts), 0, HistogramParts - 1)]++;
        }

        return parts;
    }
}
