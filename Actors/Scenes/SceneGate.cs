using System.Numerics.Tensors;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>The last answer to each question of one camera, with the fingerprint of its frame. While the scene is unchanged, the
/// answer is reused. Each frame is compared with the answered one, not with its predecessor, so that slow change adds up. Thread-safe.</summary>
internal sealed class SceneGate(SceneGateSettings settings, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _known = [];

    /// <summary>Replaces the questions; the state of all others is dropped.</summary>
    public void Keep(IReadOnlyList<StandingQuestion> questions)
    {
        lock (_lock)
        {
            foreach (var gone in _known.Keys.Except(questions.Select(question => question.Id)).ToList())
            {
                _known.Remove(gone);
            }
        }
    }

    /// <summary>The answers that still hold for all of these questions, in their order, or null when one of them must be asked.</summary>
    /// <param name="fingerprint">The frame.</param>
    /// <param name="due">Questions; one that was reworded or never asked is not known.</param>
    public IReadOnlyList<IReadOnlyList<Answer>>? StillValid(SceneFingerprint fingerprint, IReadOnlyList<StandingQuestion> due) =>
        StillValid(due, known => known.View.DifferenceFrom(fingerprint) <= settings.Threshold);

    /// <summary>The same by the visual tokens; null where that comparison is switched off.</summary>
    public IReadOnlyList<IReadOnlyList<Answer>>? StillValid(VisualTokens tokens, IReadOnlyList<StandingQuestion> due) =>
        settings.TokenCosine is { } least
            ? StillValid(due, known => known.Tokens is { } then && LowestCosine(tokens, then) >= least)
            : null;

    /// <summary>Remembers the answers about a frame.</summary>
    public void Remember(SceneFingerprint fingerprint, VisualTokens tokens, IReadOnlyList<QuestionAnswered> answers)
    {
        var kept = settings.TokenCosine is null ? null : tokens.Values.ToArray();
        var now = time.GetTimestamp();
        lock (_lock)
        {
            foreach (var answered in answers)
            {
                _known[answered.Question.Id] = new Known(answered.Question, answered.Parts, fingerprint, kept, now);
            }
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

    private List<IReadOnlyList<Answer>>? StillValid(IReadOnlyList<StandingQuestion> due, Func<Known, bool> isSame)
    {
        var valid = new List<IReadOnlyList<Answer>>(due.Count);
        var now = time.GetTimestamp();
        lock (_lock)
        {
            foreach (var question in due)
            {
                if (!_known.TryGetValue(question.Id, out var known)
                    || known.Question != question
                    || time.GetElapsedTime(known.AskedAt, now) >= settings.Refresh
                    || !isSame(known))
                {
                    return null;
                }

                valid.Add(known.Parts);
            }
        }

        return valid;
    }

    private sealed record Known(
        StandingQuestion Question, IReadOnlyList<Answer> Parts, SceneFingerprint View, float[]? Tokens, long AskedAt);
}
