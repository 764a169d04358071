using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Labels;

/// <summary>Chooses frames that are worth a label: most of them near the threshold, some with the highest and some with the lowest scores,
/// because a question is learned from clear answers too; spread over the hours.</summary>
internal static class LabelProposals
{
    /// <summary>Most proposals: so many labels are enough for a first estimate.</summary>
    public const int Most = 24;

    /// <summary>Snapshots among which is chosen, the newest; about nine days of one per minute.</summary>
    public const int MaxCandidates = 13_000;

    /// <summary>Frames closer together show the same scene more often than not.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromMinutes(10);

    /// <summary>The same where there are not enough others.</summary>
    private static readonly TimeSpan LeastApart = TimeSpan.FromMinutes(1);

    /// <summary>Scores within this distance of a threshold are unsure.</summary>
    private const double Near = 0.15;

    /// <summary>Frames of one hour, in the rounds of the choice: the first spreads them, later ones fill up.</summary>
    private static readonly int[] PerHour = [1, 2, 4];

    /// <summary>Chooses.</summary>
    /// <param name="candidates">Stored snapshots with their scores.</param>
    /// <param name="labelled">Ids of the labels that exist, see <see cref="LabelId"/>.</param>
    /// <param name="labelledAt">When their frames were taken.</param>
    /// <param name="most">How many.</param>
    /// <returns>The nearest to the threshold first.</returns>
    public static IReadOnlyList<LabelProposal> Choose(
        IReadOnlyList<ScoredSnapshot> candidates, IReadOnlySet<string> labelled, IReadOnlyList<DateTimeOffset> labelledAt, int most)
    {
        var open = candidates.Where(it => it.Score is not null && !labelled.Contains(LabelId.Of(it.Snapshot.At, it.Snapshot.Frame))).ToList();
        var chosen = new List<ScoredSnapshot>();
        Take(open.Where(it => Distance(it) <= Near).OrderBy(Distance).ThenByDescending(it => it.Snapshot.At), most - (most / 2), PerHour);
        Take(open.OrderByDescending(it => it.Score).ThenByDescending(it => it.Snapshot.At), most / 4, PerHour);
        Take(open.OrderBy(it => it.Score).ThenByDescending(it => it.Snapshot.At), most / 4, PerHour);
        Take(open.OrderBy(Distance).ThenByDescending(it => it.Snapshot.At), most - chosen.Count, [.. PerHour, int.MaxValue]);
        return [.. chosen.OrderBy(Distance).Select(it => new LabelProposal(it.Snapshot, it.Score!.Value, WhyOf(it)))];

        void Take(IEnumerable<ScoredSnapshot> ranked, int count, int[] rounds)
        {
            var (list, until) = (ranked.ToList(), chosen.Count + count);
            foreach (var perHour in rounds)
            {
                var apart = perHour == int.MaxValue ? LeastApart : Apart;
                foreach (var frame in list)
                {
                    if (chosen.Count >= until)
                    {
                        return;
                    }

                    if (IsApart(frame, apart) && chosen.Count(it => HourOf(it) == HourOf(frame)) < perHour)
                    {
                        chosen.Add(frame);
                    }
                }
            }
        }

        bool IsApart(ScoredSnapshot frame, TimeSpan apart) =>
            chosen.TrueForAll(it => (it.Snapshot.At - frame.Snapshot.At).Duration() >= apart)
            && labelledAt.All(at => (at - frame.Snapshot.At).Duration() >= apart);
    }

    private static ProposalReason WhyOf(ScoredSnapshot frame) =>
        Distance(frame) <= Near ? ProposalReason.Unsure
        : frame.Score > (frame.Thresholds?.YesAbove ?? frame.Thresholds?.MinScore ?? 0.5) ? ProposalReason.High
        : ProposalReason.Low;

    /// <summary>How far a score is from where its value changes; 0 between the thresholds of yes and no.</summary>
    private static double Distance(ScoredSnapshot frame) => (frame.Score!.Value, frame.Thresholds) switch
    {
        (var score, { YesAbove: { } yes, NoBelow: { } no }) => Math.Max(0, Math.Max(score - yes, no - score)),
        (var score, { MinScore: { } least }) => Math.Max(0, score - least),
        (var score, _) => Math.Abs(score - 0.5),
    };

    private static long HourOf(ScoredSnapshot frame) => frame.Snapshot.At.UtcTicks / TimeSpan.TicksPerHour;
}
