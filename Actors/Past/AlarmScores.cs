using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>What the scores of stored answers say, as logits.</summary>
internal sealed class AlarmScores
{
    /// <summary>Logits of a model are within -20 and 20.</summary>
    private const int Limit = 20;

    private const int PartsPerUnit = 10;

    private readonly List<(DateTimeOffset At, double Logit)> _answers = [];
    private readonly int[] _counts = new int[(2 * Limit * PartsPerUnit) + 1];

    /// <summary>A histogram: the middle of each part that has answers, and how many.</summary>
    public IEnumerable<(double Logit, int Count)> Parts =>
        _counts.Index().Where(part => part.Item > 0).Select(part => (((double)part.Index / PartsPerUnit) - Limit, part.Item));

    /// <summary>Adds an answer. Answers come in the order of their times.</summary>
    public void Add(DateTimeOffset at, double score)
    {
        var logit = ModelScores.Logit(score);
        _answers.Add((at, logit));
        _counts[(int)Math.Round((logit + Limit) * PartsPerUnit)]++;
    }

    /// <summary>The mean of the answers that decided: those from a moment on, on one side of a threshold. Several pictures of one scene say
    /// little more than one.</summary>
    /// <param name="since">The moment.</param>
    /// <param name="above">Whether those from <paramref name="limit"/> upwards decided, or those up to it.</param>
    /// <param name="limit">A logit.</param>
    public double MeanSince(DateTimeOffset since, bool above, double limit)
    {
        var (sum, count) = (0.0, 0);
        for (var i = _answers.Count - 1; i >= 0 && _answers[i].At >= since; i--)
        {
            if (above ? _answers[i].Logit >= limit : _answers[i].Logit <= limit)
            {
                sum += _answers[i].Logit;
                count++;
            }
        }

        return count == 0 ? limit : sum / count;
    }
}
