using MobileVlm.Edge.Actors.Background;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Actors.Labels.Teaching;

/// <summary>What was learned from the labels of a question.</summary>
/// <param name="Result">What was learned.</param>
/// <param name="Samples">From what; <see cref="TeachingResult.Suspects"/> are indices of these.</param>
/// <param name="Counts">Number of labels of each answer.</param>
/// <param name="Unreadable">Ids of labels whose pictures cannot be read.</param>
internal sealed record LearnedLabels(
    TeachingResult Result, IReadOnlyList<LabelledSample> Samples, IReadOnlyDictionary<string, int> Counts, IReadOnlyList<string> Unreadable);

/// <summary>Has the model read the labelled frames of a question and learns from them. One call at a time.</summary>
/// <param name="disk">The labels.</param>
/// <param name="asker">Asks the model.</param>
/// <param name="features">The features that the engine of this host can return.</param>
internal sealed class LabelLearner(LabelDisk disk, StoredFrameAsker asker, Func<CancellationToken, Task<FeatureKinds>> features)
{
    private static readonly TimeSpan EngineOpensWithin = TimeSpan.FromSeconds(30);

    private readonly SampleCache _cache = new();

    /// <summary>Learns.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="progress">Called with the pictures that were read and their number; equal when learning begins.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="HttpFailureException">The question cannot be taught now.</exception>
    public async Task<LearnedLabels> LearnAsync(string camera, StandingQuestion question, Action<int, int> progress, CancellationToken cancel)
    {
        var classes = ClassesOf(question);
        var labels = (await disk.UseAsync(it => it.List(camera, question.Id), cancel)).Where(label => classes.Contains(label.Value)).ToList();
        RequireEnough(classes, labels.Select(label => label.Value));
        var available = await features(cancel);
        if ((available & ~FeatureGroups.OfEncoder) == FeatureKinds.None)
        {
            throw new HttpFailureException(
                409, "the model returns no hidden states, which older imports did not write; import it again with 'mobilevlm model import', then restart the service", "no_hidden_states");
        }

        var asked = AnswerHandler.Of(question.Kind).ToModelQuestions(question).Single() with { Features = available, MinMass = 0, Taught = null };
        var (samples, unreadable) = (new List<LabelledSample>(), new List<string>());
        foreach (var (at, label) in labels.Index())
        {
            progress(at, labels.Count);
            if (await ReadAsync(camera, question, label.Id, asked, cancel) is { } picture)
            {
                samples.Add(new LabelledSample(label.Id, classes.IndexOf(label.Value), picture.Scores, picture.Features));
            }
            else
            {
                unreadable.Add(label.Id);
            }
        }

        RequireEnough(classes, samples.Select(sample => classes[sample.Class]));
        progress(labels.Count, labels.Count);
        var result = await Task.Factory.StartNew(
            () => Teacher.Learn(samples, available, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return new LearnedLabels(
            result, samples, classes.ToDictionary(value => value, value => samples.Count(sample => classes[sample.Class] == value)), unreadable);
    }

    /// <summary>The labels in the order of their classes: no and yes, or the choices.</summary>
    public static List<string> ClassesOf(StandingQuestion question) =>
        question.Kind == QuestionKind.YesNo ? [AnswerWords.No, AnswerWords.Yes] : [.. LabelValues.Of(question)];

    /// <exception cref="HttpFailureException">An answer has fewer labels than learning needs.</exception>
    public static void RequireEnough(IReadOnlyList<string> classes, IEnumerable<string> values)
    {
        var counts = values.CountBy(value => value).ToDictionary();
        if (classes.Any(value => counts.GetValueOrDefault(value) < Teacher.LeastLabels))
        {
            throw new HttpFailureException(
                409,
                $"not enough labels: {string.Join(", ", classes.Select(value => $"{counts.GetValueOrDefault(value)} for '{value}'"))}; each answer needs at least {Teacher.LeastLabels}",
                "not_enough_labels");
        }
    }

    private async Task<ReadPicture?> ReadAsync(string camera, StandingQuestion question, string label, Question asked, CancellationToken cancel)
    {
        var key = new SampleCache.Key(
            camera, label, string.Join('\0', [question.Id, asked.PromptText, asked.Suffix ?? "\u0001", question.Region?.ToText() ?? "", .. asked.Choices]));
        if (_cache.Find(key) is { } known)
        {
            return known;
        }

        if (await disk.UseAsync(it => it.ReadPicture(camera, question.Id, label), cancel) is not { } jpeg)
        {
            return null;
        }

        if (await AskAsync(jpeg, asked, question.Region, cancel) is not { Features.Count: > 0 } answer)
        {
            return null;
        }

        var picture = new ReadPicture(
            question.Kind == QuestionKind.Choice ? ModelScores.Logarithms(answer.ChoiceScores) : [ModelScores.Logit(answer.Score!.Value)], answer.Features);
        _cache.Add(key, picture);
        return picture;
    }

    private async Task<Answer?> AskAsync(byte[] jpeg, Question asked, FrameRegion? region, CancellationToken cancel)
    {
        try
        {
            return await asker.AskAsync(jpeg, asked, region, cancel);
        }
        catch (EngineUnavailableException fault)
        {
            throw HttpFailureException.Unavailable($"the model cannot be used now: {fault.Message}", EngineOpensWithin);
        }
    }
}
