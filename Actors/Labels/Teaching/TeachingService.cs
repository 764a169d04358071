using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Actors.Labels.Teaching;

/// <summary>Learns questions from their labels, one after the other: an estimate after each label, and a version when somebody asks for it.
/// Thread-safe.</summary>
/// <remarks>A question waits once, however many labels come; at most one is learned at a time.</remarks>
internal sealed partial class TeachingService : ITeachingService, IDisposable
{
    /// <summary>With more labels than this, the estimate waits for a request to teach: each takes seconds of all processors.</summary>
    private const int MostForEstimate = 200;

    private readonly LabelService _labels;
    private readonly LabelLearner _learner;
    private readonly TaughtFolder? _folder;
    private readonly Func<Question, string?, TeachingResult, IReadOnlyDictionary<string, int>, TaughtQuestion>? _toTaught;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<QuestionKey, Entry> _entries = [];
    private readonly Queue<QuestionKey> _waiting = new();
    private readonly CancellationTokenSource _life = new();
    private bool _isRunning;
    private bool _isEnded;

    /// <param name="labels">The labels; each change of them is followed.</param>
    /// <param name="learner">Learns.</param>
    /// <param name="folder">Takes the versions; null without a state folder.</param>
    /// <param name="toTaught">Describes what was learned for the model of this host; null where other hosts have it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For the log.</param>
    public TeachingService(
        LabelService labels,
        LabelLearner learner,
        TaughtFolder? folder,
        Func<Question, string?, TeachingResult, IReadOnlyDictionary<string, int>, TaughtQuestion>? toTaught,
        TimeProvider time,
        ILogger<TeachingService> logger)
    {
        (_labels, _learner, _folder, _toTaught, _time, _logger) = (labels, learner, folder, toTaught, time, logger);
        if (toTaught is not null)
        {
            labels.Changed += Estimate;
        }
    }

    /// <inheritdoc/>
    public LearningState State(string camera, string question)
    {
        var key = new QuestionKey(camera, _labels.Find(camera, question).Id);
        lock (_lock)
        {
            return _entries.TryGetValue(key, out var entry) ? entry.State : LearningState.Idle;
        }
    }

    /// <inheritdoc/>
    public async Task<LearningState> TeachAsync(string camera, string question, CancellationToken cancel)
    {
        var asked = _labels.Find(camera, question);
        if (_toTaught is null)
        {
            throw new HttpFailureException(
                409, "this host has no model, other hosts of the cluster answer; copy StateFolder/labels there and use 'mobilevlm teach'", "no_model");
        }

        // An error in the labels is reported before the work begins.
        var list = await _labels.ListAsync(camera, asked.Id, cancel);
        LabelLearner.RequireEnough(LabelLearner.ClassesOf(asked), list.Labels.Select(label => label.Value));
        return Enqueue(new QuestionKey(camera, asked.Id), isTeaching: true);
    }

    /// <inheritdoc/>
    public LearningState Cancel(string camera, string question)
    {
        var key = new QuestionKey(camera, _labels.Find(camera, question).Id);
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                return LearningState.Idle;
            }

            entry.WantsTeaching = false;
            if (entry.IsWaiting)
            {
                entry.IsWaiting = false;
                entry.State = entry.State with { Status = LearningStatus.Cancelled };
            }

            entry.Running?.Cancel();
            return entry.State;
        }
    }

    /// <inheritdoc/>
    public async Task<TaughtVersions> VersionsAsync(string camera, string question, CancellationToken cancel)
    {
        var asked = _labels.Find(camera, question);
        return new TaughtVersions(_folder is null ? [] : await _labels.Disk.UseAsync(_ => _folder.List(camera, asked.Id), cancel));
    }

    /// <summary>Ends what is being learned; nothing is begun any more. May be called twice.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
        }

        _labels.Changed -= Estimate;
        _life.Cancel();
        _life.Dispose();
    }

    private void Estimate(string camera, StandingQuestion question, IReadOnlyDictionary<string, int> counts)
    {
        if (counts.Values.All(count => count >= Teacher.LeastLabels) && counts.Values.Sum() <= MostForEstimate)
        {
            Enqueue(new QuestionKey(camera, question.Id), isTeaching: false);
        }
    }

    private LearningState Enqueue(QuestionKey key, bool isTeaching)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                _entries.Add(key, entry = new Entry());
            }

            entry.WantsTeaching |= isTeaching;
            if (!entry.IsWaiting)
            {
                entry.IsWaiting = true;
                _waiting.Enqueue(key);
            }

            if (entry.Running is null)
            {
                entry.State = entry.State with { Status = LearningStatus.Waiting, IsTeaching = entry.WantsTeaching, Done = 0, Total = 0, Reason = null };
            }

            if (!_isRunning && !_isEnded)
            {
                _isRunning = true;
                _ = Task.Run(RunAsync);
            }

            return entry.State;
        }
    }

    private async Task RunAsync()
    {
        while (TryBegin(out var key, out var entry, out var isTeaching))
        {
            LearningState end;
            try
            {
                var result = await LearnAsync(key, entry, isTeaching, entry.Running!.Token);
                end = new LearningState(LearningStatus.Done, isTeaching, 0, 0, null, result);
            }
            catch (OperationCanceledException)
            {
                end = entry.State with { Status = LearningStatus.Cancelled };
            }
            catch (HttpFailureException refused)
            {
                end = entry.State with { Status = LearningStatus.Failed, Reason = refused.Message };
            }
            catch (Exception fault)
            {
                LogFailed(fault, key.Camera, key.Question);
                end = entry.State with { Status = LearningStatus.Failed, Reason = fault.Message };
            }

            lock (_lock)
            {
                entry.Running!.Dispose();
                entry.Running = null;
                entry.State = entry.IsWaiting ? end with { Status = LearningStatus.Waiting } : end;
            }
        }
    }

    private bool TryBegin(out QuestionKey key, out Entry entry, out bool isTeaching)
    {
        lock (_lock)
        {
            while (!_isEnded && _waiting.TryDequeue(out key))
            {
                entry = _entries[key];
                if (!entry.IsWaiting)
                {
                    continue;
                }

                (entry.IsWaiting, isTeaching, entry.WantsTeaching) = (false, entry.WantsTeaching, false);
                entry.Running = CancellationTokenSource.CreateLinkedTokenSource(_life.Token);
                entry.State = entry.State with { Status = LearningStatus.Reading, IsTeaching = isTeaching, Done = 0, Total = 0, Reason = null };
                return true;
            }

            _isRunning = false;
            (key, entry, isTeaching) = (default, null!, false);
            return false;
        }
    }

    private async Task<LearnedResult> LearnAsync(QuestionKey key, Entry entry, bool isTeaching, CancellationToken cancel)
    {
        var question = _labels.Find(key.Camera, key.Question);
        var learned = await _learner.LearnAsync(
            key.Camera,
            question,
            (done, total) =>
            {
                lock (_lock)
                {
                    entry.State = entry.State with { Status = done == total ? LearningStatus.Learning : LearningStatus.Reading, Done = done, Total = total };
                }
            },
            cancel);
        var result = learned.Result;
        return new LearnedResult(
            _time.GetUtcNow(),
            learned.Counts,
            result.Chosen.ToString().ToLowerInvariant(),
            new LearnedEstimate(result.Estimate.Accuracy, result.Estimate.Low, result.Estimate.High),
            result.PlainAccuracy,
            [.. result.Suspects.Select(at => learned.Samples[at].Name)],
            learned.Unreadable,
            isTeaching ? await WriteAsync(key, question, learned, cancel) : null);
    }

    private async Task<int> WriteAsync(QuestionKey key, StandingQuestion question, LearnedLabels learned, CancellationToken cancel)
    {
        var asked = AnswerHandler.Of(question.Kind).ToModelQuestions(question).Single();
        var taught = _toTaught!(asked, question.Region?.ToText(), learned.Result, learned.Counts);
        var number = await _labels.Disk.UseAsync(_ => _folder!.Write(key.Camera, key.Question, taught), cancel);
        LogTaught(key.Camera, key.Question, number, learned.Result.Estimate.Accuracy);
        return number;
    }

    [LoggerMessage(EventId = 131, Level = LogLevel.Information, Message = "{Camera}/{Question}: learned from its labels as version {Version}, about {Accuracy:0 %} correct.")]
    private partial void LogTaught(string camera, string question, int version, double accuracy);

    [LoggerMessage(EventId = 132, Level = LogLevel.Error, Message =
        "{Camera}/{Question}: learning from its labels failed. The question is answered as before. Please report this with the lines before it.")]
    private partial void LogFailed(Exception fault, string camera, string question);

    /// <summary>A question of a camera.</summary>
    private readonly record struct QuestionKey(string Camera, string Question);

    /// <summary>What is known of a question.</summary>
    private sealed class Entry
    {
        public LearningState State { get; set; } = LearningState.Idle;

        public bool IsWaiting { get; set; }

        public bool WantsTeaching { get; set; }

        /// <summary>Cancels it; null while it is not being learned.</summary>
        public CancellationTokenSource? Running { get; set; }
    }
}
