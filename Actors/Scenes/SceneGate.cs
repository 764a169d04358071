using System.Numerics.Tensors;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>The last answer to each question of one camera, with the fingerprint of its frame. While the scene is unchanged, the
/// answer is reused until it is older than the question's refresh interval, which doubles after each refresh that gave the same value. Each frame is compared
/// with the answered one, not with its predecessor, so that slow change adds up. Thread-safe.</summary>
internal sealed class SceneGate
{
    private readonly CameraCounters _counters;
    private readonly Func<StandingQuestion, Thresholds> _thresholds;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _known = [];
    private SceneGateSettings _settings;

    /// <param name="settings">What counts as the same scene, and how long an answer is reused.</param>
    /// <param name="counters">Get each question's refresh interval.</param>
    /// <param name="thresholds">The thresholds at this time of the day, by which values are compared.</param>
    /// <param name="time">Measures the age of answers.</param>
    public SceneGate(
        SceneGateSettings settings, CameraCounters counters, Func<StandingQuestion, Thresholds> thresholds, TimeProvider time)
    {
        _settings = settings;
        _counters = counters;
        _thresholds = thresholds;
        _time = time;
    }

    /// <summary>Replaces the settings and the questions. Answers to unchanged questions are kept with their refresh intervals, within the new
    /// limits.</summary>
    public void Change(SceneGateSettings settings, IReadOnlyList<StandingQuestion> questions)
    {
        lock (_lock)
        {
            _settings = settings;
            foreach (var (id, known) in _known.ToList())
            {
                if (questions.Contains(known.Question))
                {
                    SetInterval(known, known.Interval > TimeSpan.Zero ? Within(known.Interval) : TimeSpan.Zero);
                }
                else
                {
                    _known.Remove(id);
                    _counters.Question(id).GateRefresh = null;
                }
            }
        }
    }

    /// <summary>Something other than the scene is a reason to ask again soon: each question's refresh interval starts
    /// again.</summary>
    public void Restart()
    {
        lock (_lock)
        {
            RestartAll();
        }
    }

    /// <summary>The state of a question changed: its refresh interval starts again, unless it is a free text that is only worded
    /// otherwise and whose changes are no events.</summary>
    /// <param name="question">The question's id.</param>
    /// <param name="isOtherValue">The state was known and still is, with another value.</param>
    public void StateChanged(string question, bool isOtherValue)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(question, out var known)
                && !(isOtherValue
                    && AnswerHandler.Of(known.Question.Kind).IsFreeText
                    && !AnswerHandler.WordingCounts(known.Question)))
            {
                Restart(known);
            }
        }
    }

    /// <summary>The answers that still hold for all of these questions, in their order, or null when one of them must be asked.</summary>
    /// <param name="fingerprint">The frame.</param>
    /// <param name="due">Questions; one that was reworded or never asked is not known.</param>
    public IReadOnlyList<IReadOnlyList<Answer>>? StillValid(SceneFingerprint fingerprint, IReadOnlyList<StandingQuestion> due)
    {
        lock (_lock)
        {
            // Where visual tokens are compared as well, they decide whether the scene changed.
            return StillValid(due, known => IsSame(known, fingerprint), restarts: _settings.TokenCosine is null);
        }
    }

    /// <summary>The same by the visual tokens; null where that comparison is switched off.</summary>
    public IReadOnlyList<IReadOnlyList<Answer>>? StillValid(VisualTokens tokens, IReadOnlyList<StandingQuestion> due)
    {
        lock (_lock)
        {
            return _settings.TokenCosine is null ? null : StillValid(due, known => IsSame(known, tokens), restarts: true);
        }
    }

    /// <summary>Remembers the answers about a frame. An answer that was due to be refreshed, and has the same value about the same
    /// scene as before, doubles its question's refresh interval. One that was asked earlier, because another question was
    /// due, keeps the interval; any other starts it again.</summary>
    /// <param name="fingerprint">The frame.</param>
    /// <param name="tokens">Its visual tokens; null where another host has them.</param>
    /// <param name="answers">The answers.</param>
    public void Remember(SceneFingerprint fingerprint, VisualTokens? tokens, IReadOnlyList<QuestionAnswered> answers)
    {
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            var kept = _settings.TokenCosine is null ? null : tokens?.Values.ToArray();
            foreach (var answered in answers)
            {
                var question = answered.Question;
                var value = AnswerHandler.Of(question.Kind).ToComparable(question, answered.Parts, _thresholds(question));
                var interval = _known.GetValueOrDefault(question.Id) is { } before
                    && before.Question == question
                    && before.Value == value
                    && (IsSame(before, fingerprint) || (tokens is not null && IsSame(before, tokens)))
                        ? Within(Age(before, now) >= before.Interval ? 2 * before.Interval : before.Interval)
                        : _settings.Refresh;
                var known = new Known(question, answered.Parts, value, fingerprint, kept, now) { Host = answered.Host };
                _known[question.Id] = known;
                SetInterval(known, interval);
            }
        }
    }

    /// <summary>The host that computed the answer to a question that is reused; null without a cluster.</summary>
    public string? HostOf(StandingQuestion question)
    {
        lock (_lock)
        {
            return _known.GetValueOrDefault(question.Id)?.Host;
        }
    }

    /// <summary>The lowest cosine of all pairs of tokens at the same position.</summary>
    internal static double LowestCosine(VisualTokens tokens, ReadOnlySpan<float> then)
    {
        var now = tokens.Values.Span;
        if (now.Length != then.Length)
        {
            return -1;
        }

        var lowest = 1f;
        for (var at = 0; at < now.Length; at += tokens.HiddenSize)
        {
            var a = now.Slice(at, tokens.HiddenSize);
            var b = then.Slice(at, tokens.HiddenSize);
            var cosine = TensorPrimitives.CosineSimilarity(a, b);

            // A token of zeros has no direction; it equals only another one.
            lowest = Math.Min(lowest, float.IsFinite(cosine) ? cosine : a.SequenceEqual(b) ? 1 : -1);
        }

        return lowest;
    }

    private List<IReadOnlyList<Answer>>? StillValid(
        IReadOnlyList<StandingQuestion> due, Func<Known, bool> isSame, bool restarts)
    {
        var valid = new List<IReadOnlyList<Answer>>(due.Count);
        var now = _time.GetTimestamp();
        var hasChanged = false;
        foreach (var question in due)
        {
            if (!_known.TryGetValue(question.Id, out var known) || known.Question != question)
            {
                continue;
            }

            var same = isSame(known);
            hasChanged |= !same;
            if (same && Age(known, now) < known.Interval)
            {
                valid.Add(known.Parts);
            }
        }

        if (hasChanged && restarts)
        {
            // Also of the questions that are not due now: their scene is the same one.
            RestartAll();
        }

        return valid.Count == due.Count ? valid : null;
    }

    private bool IsSame(Known known, SceneFingerprint fingerprint) =>
        known.View.DifferenceFrom(fingerprint) <= _settings.Threshold;

    private bool IsSame(Known known, VisualTokens tokens) =>
        _settings.TokenCosine is { } least && known.Tokens is { } then && LowestCosine(tokens, then) >= least;

    private TimeSpan Age(Known known, long now) => _time.GetElapsedTime(known.AskedAt, now);

    private TimeSpan Within(TimeSpan interval) =>
        interval <= _settings.Refresh || _settings.RefreshMax <= _settings.Refresh ? _settings.Refresh
        : interval < _settings.RefreshMax ? interval
        : _settings.RefreshMax;

    private void RestartAll()
    {
        foreach (var known in _known.Values)
        {
            Restart(known);
        }
    }

    // An answer that is older than the first interval is asked again at once. Doubling zero gives the first interval, so the answer
    // that follows starts it.
    private void Restart(Known known) => SetInterval(
        known, Age(known, _time.GetTimestamp()) < _settings.Refresh ? _settings.Refresh : TimeSpan.Zero);

    private void SetInterval(Known known, TimeSpan interval)
    {
        known.Interval = interval;
        _counters.Question(known.Question.Id).GateRefresh = Within(interval);
    }

    private sealed record Known(
        StandingQuestion Question,
        IReadOnlyList<Answer> Parts,
        string Value,
        SceneFingerprint View,
        float[]? Tokens,
        long AskedAt)
    {
        /// <summary>The answer is reused while it is younger than this. Zero: it is asked again at the next
        /// opportunity.</summary>
        public TimeSpan Interval { get; set; }

        public string? Host { get; init; }
    }
}
