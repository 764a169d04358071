using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Labels;

/// <summary>Labels stored frames of the configured questions. Thread-safe.</summary>
/// <param name="plans">The cameras of this moment.</param>
/// <param name="history">Has the frames; null where none is kept.</param>
/// <param name="files">Takes the labels; null without a state folder.</param>
/// <param name="time">For the records.</param>
public sealed class LabelService(Func<IReadOnlyList<CameraConfiguration>> plans, IHistory? history, LabelFiles? files, TimeProvider time)
    : ILabelService
{
    private readonly LabelDisk _disk = new(files, time);
    private readonly FrameSearch _frames = new(history);

    /// <summary>Raised after a label was set or removed, with the number of labels of each value. Handlers return at once and throw
    /// nothing.</summary>
    internal event Action<string, StandingQuestion, IReadOnlyDictionary<string, int>>? Changed;

    /// <summary>The files of the labels.</summary>
    internal LabelDisk Disk => _disk;

    /// <inheritdoc/>
    public async Task<LabelList> ListAsync(string camera, string question, CancellationToken cancel)
    {
        var asked = Find(camera, question);
        return await _disk.UseAsync(
            it => new LabelList(camera, asked.Id, asked.Text, LabelValues.Of(asked), it.MostPerQuestion, it.List(camera, asked.Id)), cancel);
    }

    /// <inheritdoc/>
    public async Task<LabelChange> SetAsync(LabelRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        var asked = Find(request.Camera, request.Question);
        var verdict = EventVerdict.Of(asked, request);
        var value = verdict is null ? LabelValues.Read(asked, request.Label) : null;

        // Before a frame is looked for, so that a missing state folder is the first thing that a user reads.
        var before = await _disk.UseAsync(it => it.List(request.Camera, asked.Id), cancel);
        if (verdict is not null || request.Frame.IsLastEvent)
        {
            var happened = await _frames.FindEventAsync(request.Camera, asked.Id, request.Frame.Event, cancel);
            request = request with { Frame = new LabelFrame { Event = happened.Event.Id } };
            value = verdict is null ? value : verdict.ValueOf(happened.Event);
        }

        var frame = await FindFrameAsync(request, asked, before, cancel);
        var known = before.FirstOrDefault(label => label.Id == frame.Id);
        if (value is null && known is null)
        {
            throw HttpFailureException.NotFound($"the frame has no label for '{asked.Id}', so none can be removed; GET .../labels lists them");
        }

        var now = await _disk.UseAsync(
            it =>
            {
                if (value is null)
                {
                    it.Remove(request.Camera, asked.Id, frame.Id);
                }
                else if (!it.Set(request.Camera, asked.Id, new StoredLabel(frame.Id, value, RecordOf(request, asked, frame, known)), frame.Jpeg))
                {
                    throw HttpFailureException.NotFound("the label was removed meanwhile");
                }

                return it.List(request.Camera, asked.Id);
            },
            cancel);
        var counts = new LabelList(request.Camera, asked.Id, asked.Text, LabelValues.Of(asked), 0, now).Counts;
        Changed?.Invoke(request.Camera, asked, counts);
        return new LabelChange(frame.Id, value, known?.Value, counts);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LabelProposal>> ProposeAsync(string camera, string question, int? limit, CancellationToken cancel)
    {
        var asked = Find(camera, question);
        var labels = await _disk.UseAsync(it => it.List(camera, asked.Id), cancel);
        var frames = await _frames.ReadAsync(it => it.SnapshotsAsync(
            new SnapshotQuery(camera, asked.Id) { Limit = LabelProposals.MaxCandidates }, cancel));
        return await Task.Run(
            () => LabelProposals.Choose(
                frames,
                labels.Select(label => label.Id).ToHashSet(StringComparer.Ordinal),
                [.. labels.Select(label => label.Record?.At).OfType<DateTimeOffset>()],
                limit ?? LabelProposals.Most),
            cancel);
    }

    /// <inheritdoc/>
    public async Task<byte[]> PictureAsync(string camera, string question, string id, CancellationToken cancel)
    {
        var asked = Find(camera, question);
        return (LabelId.IsValid(id) ? await _disk.UseAsync(it => it.ReadPicture(camera, asked.Id, id), cancel) : null) ?? throw NoLabel(id);
    }

    /// <summary>A question that can be labelled.</summary>
    /// <exception cref="HttpFailureException">It is not configured, or cannot be labelled.</exception>
    internal StandingQuestion Find(string camera, string question)
    {
        var all = plans();
        var plan = all.FirstOrDefault(it => it.Id.Value == camera) ?? throw HttpFailureException.UnknownCamera(camera, all.Select(it => it.Id.Value));
        var asked = plan.Questions.FirstOrDefault(it => it.Id == question)
            ?? throw HttpFailureException.UnknownQuestion(camera, question, plan.Questions.Select(it => it.Id));
        return LabelValues.Of(asked).Count > 0 ? asked : throw HttpFailureException.Invalid(
            null, $"the answers to '{question}' are of the type {asked.Kind}; questions of the types YesNo and Choice can be labelled");
    }

    private async Task<FoundFrame> FindFrameAsync(
        LabelRequest request, StandingQuestion asked, IReadOnlyList<StoredLabel> labels, CancellationToken cancel)
    {
        if (request.Frame.Id is { } id)
        {
            var label = labels.FirstOrDefault(it => it.Id == id) ?? throw NoLabel(id);
            return new FoundFrame(id, label.Record?.At ?? default, label.Record?.Frame ?? 0, label.Record?.Score, null);
        }

        try
        {
            return await _frames.FindAsync(request.Camera, asked.Id, request.Frame, cancel);
        }
        catch (HttpFailureException missing) when (missing.Status == 404 && LabelOf(request.Frame, labels) is not null)
        {
            // A labelled frame outlives its snapshot in the history.
            var label = LabelOf(request.Frame, labels)!;
            return new FoundFrame(label.Id, label.Record!.At, label.Record.Frame, label.Record.Score, null);
        }
    }

    /// <summary>The only label of a frame that is named by its number; null for none or several.</summary>
    private static StoredLabel? LabelOf(LabelFrame frame, IReadOnlyList<StoredLabel> labels) =>
        frame.Frame is { } number && labels.Where(it => it.Record?.Frame == number && (frame.At is null || frame.At == it.Record.At)).ToList() is [var only] ? only : null;

    private LabelRecord? RecordOf(LabelRequest request, StandingQuestion asked, FoundFrame frame, StoredLabel? known) =>
        known is { Record: null }
            ? null
            : new LabelRecord(LabelRecord.CurrentVersion, frame.At, frame.Frame, time.GetUtcNow(), request.Source, known?.Record?.Score ?? frame.Score, asked.Text);

    private static HttpFailureException NoLabel(string id) =>
        HttpFailureException.NotFound($"there is no label '{id[..Math.Min(id.Length, 80)]}'; GET .../labels lists them");
}

/// <summary>The labels that a question takes.</summary>
internal static class LabelValues
{
    /// <summary>None for a question whose answers cannot be labelled.</summary>
    public static IReadOnlyList<string> Of(StandingQuestion question) => question.Kind switch
    {
        QuestionKind.YesNo => [AnswerWords.Yes, AnswerWords.No],
        QuestionKind.Choice => question.Choices,
        QuestionKind.Number or QuestionKind.Text or QuestionKind.Json => [],
        _ => throw new ArgumentOutOfRangeException(nameof(question), question.Kind, "This type of answer is not known here."),
    };

    /// <summary>The label of a text, in any case.</summary>
    /// <returns>Null for <see cref="LabelRequest.Clear"/>, unless it is a choice.</returns>
    /// <exception cref="HttpFailureException">It is none.</exception>
    public static string? Read(StandingQuestion question, string text)
    {
        var values = Of(question);
        return values.FirstOrDefault(value => value.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase))
            ?? (text.Trim().Equals(LabelRequest.Clear, StringComparison.OrdinalIgnoreCase) ? null : throw HttpFailureException.Invalid(
                "label", $"'label' is none of {string.Join(", ", values)}; '{LabelRequest.Clear}' removes a label"));
    }
}
