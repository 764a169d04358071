using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Tests.Labels;

public sealed class LabelProposalsTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 29, 0, 0, 0, TimeSpan.Zero);
    private static readonly HistoryThresholds Thresholds = new(0.6, 0.4, null);

    /// <summary>A day with one snapshot per minute; most scores are low, the evening's are high, and those of one hour are unsure.</summary>
    private static readonly List<ScoredSnapshot> Day =
        [.. Enumerable.Range(0, 1440).Select(minute => Frame(minute, minute / 60 == 7 ? 0.5 : minute >= 1200 ? 0.9 : minute % 50 * 0.001))];

    [Fact]
    public void The_first_frames_are_unsure_and_both_clear_answers_are_among_them()
    {
        var chosen = Choose(Day);
        Assert.Equal(LabelProposals.Most, chosen.Count);
        Assert.Equal((0.5, ProposalReason.Unsure), (chosen[0].Score, chosen[0].Why));
        Assert.InRange(chosen.Count(it => it.Why == ProposalReason.Unsure), 4, 12);
        Assert.InRange(chosen.Count(it => it.Score > 0.6), 4, 18);
        Assert.InRange(chosen.Count(it => it.Score < 0.4), 4, 18);
        Assert.Equal(chosen.Select(it => it.Score is >= 0.4 and <= 0.6).OrderDescending(), chosen.Select(it => it.Score is >= 0.4 and <= 0.6));
    }

    [Fact]
    public void They_are_different_frames_spread_over_the_hours()
    {
        var chosen = Choose(Day);
        Assert.Equal(chosen.Count, chosen.Select(it => it.Snapshot.Id).Distinct().Count());
        Assert.True(chosen.Select(it => it.Snapshot.At.Hour).Distinct().Count() >= 12);
        var times = chosen.Select(it => it.Snapshot.At).Order().ToList();
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void Labelled_frames_and_their_neighbours_are_left_out()
    {
        var first = Choose(Day);
        var labelled = first.Select(it => LabelId.Of(it.Snapshot.At, it.Snapshot.Frame)).ToHashSet();
        var next = LabelProposals.Choose(Day, labelled, [.. first.Select(it => it.Snapshot.At)], LabelProposals.Most);
        Assert.Equal(LabelProposals.Most, next.Count);
        Assert.All(next, it => Assert.All(first, other => Assert.True((it.Snapshot.At - other.Snapshot.At).Duration() >= TimeSpan.FromMinutes(1))));
    }

    [Fact]
    public void A_few_frames_are_all_proposed_and_none_without_a_score()
    {
        List<ScoredSnapshot> few = [Frame(0, 0.1), Frame(1, 0.2), Frame(5, 0.8), new(new StoredSnapshot(99, Start.AddHours(3), 99), null, null)];
        Assert.Equal([1, 0, 5], Choose(few).Select(it => it.Snapshot.Frame).OrderBy(it => it == 1 ? 0 : it == 0 ? 1 : 2));
        Assert.Empty(Choose([]));
    }

    [Fact]
    public void The_least_certain_choices_come_first()
    {
        var least = new HistoryThresholds(null, null, 0.4);
        var chosen = Choose([Frame(0, 0.95) with { Thresholds = least }, Frame(60, 0.45) with { Thresholds = least }, Frame(120, 0.3) with { Thresholds = least }]);
        Assert.Equal([0.3, 0.45, 0.95], chosen.Select(it => it.Score));
    }

    private static IReadOnlyList<LabelProposal> Choose(IReadOnlyList<ScoredSnapshot> frames) =>
        LabelProposals.Choose(frames, new HashSet<string>(), [], LabelProposals.Most);

    private static ScoredSnapshot Frame(int minute, double score) => new(new StoredSnapshot(minute, Start.AddMinutes(minute), minute), score, Thresholds);
}
