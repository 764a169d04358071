using MobileVlm.Edge.Actors.Past;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Actors.Tests.Past;

/// <summary>Expected false alarms of simulated cameras, whose truth is known. Someone comes now and then for two minutes; the scores are right on
/// average and have errors, some of which last for a quarter of an hour.</summary>
public sealed class FalseAlarmTests
{
    private const int PerDay = 8640;
    private const int Days = 3;

    private static readonly DateTimeOffset From = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(0.2, 1)]
    [InlineData(0.8, 1)]
    [InlineData(0.8, 2)]
    public async Task The_expected_number_of_false_alarms_is_the_true_one_for_the_thresholds_of_now_and_for_others(double lasting, int agree)
    {
        var (now, then) = (new Sums(), new Sums());
        for (var seed = 1; seed <= 4; seed++)
        {
            var camera = new Camera(seed, lasting);
            var result = await ReplayAsync(camera, agree, camera.Label(new Random(seed)));
            Assert.Null(result.FalseAlarmsUnknown);
            now.Add(camera, result.Now, agree);
            then.Add(camera, result.Then, agree);
        }

        foreach (var it in (Sums[])[now, then])
        {
            Assert.True(it.True > 5, $"{it.True} alarms are false");
            Assert.InRange(it.Expected, 0.65 * it.True, 1.55 * it.True);
            Assert.Equal(it.All, it.Expected + it.Real, 6);
            Assert.True(it.Low < it.Expected && it.Expected < it.High);
        }

        Assert.True(then.Expected < now.Expected);
    }

    [Fact]
    public async Task Without_labels_and_with_less_than_an_hour_of_answers_nothing_is_claimed()
    {
        var camera = new Camera(1, 0.5);
        var unknown = await ReplayAsync(camera, 1, null);
        Assert.Equal(("no labels", null, null), (unknown.FalseAlarmsUnknown, unknown.Now.Expected, unknown.Then.Expected));

        var few = await ReplayAsync(camera, 1, camera.Label(new Random(1)), answers: 100);
        Assert.Contains("hour", few.FalseAlarmsUnknown, StringComparison.Ordinal);
        Assert.Null(few.Now.Expected);
    }

    private static Task<WhatIfResult> ReplayAsync(Camera camera, int agree, IReadOnlyList<LabelScore>? labels, int answers = int.MaxValue)
    {
        var history = new FakeHistory();
        history.Answers.AddRange(camera.Logits.Take(answers).Select((logit, i) => new StoredAnswer(
            At(i), i, new HistoryAnswer("person", null) { Score = ModelScores.Sigmoid(logit) })));
        var question = new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.Zero)
        {
            Rules = new AnswerRules { Events = EventRule.Yes, Agree = agree, OutOf = (2 * agree) - 1 },
        };
        var query = new WhatIfQuery("gate", "person", From, At(PerDay * Days), new PastThresholds(YesAbove: ModelScores.Sigmoid(1.5)));
        return WhatIfReplay.RunAsync(history, question, query, (labels, labels is null ? "no labels" : null), CancellationToken.None);
    }

    private static DateTimeOffset At(int frame) => From + (frame * Between);

    /// <summary>Sums over cameras.</summary>
    private sealed class Sums
    {
        public double True { get; private set; }

        public double All { get; private set; }

        public double Expected { get; private set; }

        public double Real { get; private set; }

        public double Low { get; private set; }

        public double High { get; private set; }

        public void Add(Camera camera, PastOutcome outcome, int agree)
        {
            var days = ((PerDay * Days) - 1) / (double)PerDay;
            True += outcome.EventTimes.Count(at => !camera.WasThere((int)((at - From) / Between), (2 * agree) - 1));
            All += outcome.Events;
            var expected = outcome.Expected!;
            Expected += expected.FalsePerDay * days;
            Real += expected.RealPerDay * days;
            Low += expected.Low * days;
            High += expected.High * days;
        }
    }

    private sealed class Camera
    {
        private readonly bool[] _truth = new bool[PerDay * Days];

        public Camera(int seed, double lasting)
        {
            var random = new Random(seed);
            var (isThere, error) = (false, 0.0);
            for (var i = 0; i < _truth.Length; i++)
            {
                isThere = random.NextDouble() < (isThere ? 1.0 / 12 : 1.0 / 400) ? !isThere : isThere;
                error = (0.99 * error) + (Math.Sqrt(1 - (0.99 * 0.99)) * Normal(random));
                _truth[i] = isThere;
                Logits[i] = (isThere ? 2.2 : -2.2) + (1.4 * ((lasting * error) + (Math.Sqrt(1 - (lasting * lasting)) * Normal(random))));
            }
        }

        public double[] Logits { get; } = new double[PerDay * Days];

        /// <summary>Whether someone was there in one of the last frames.</summary>
        public bool WasThere(int frame, int frames) => _truth.Skip(frame - frames + 1).Take(frames).Contains(true);

        /// <summary>Labels as they are proposed: half of them near the threshold, others with high and low scores.</summary>
        public IReadOnlyList<LabelScore> Label(Random random)
        {
            var stored = Enumerable.Range(0, 3000).Select(_ => random.Next(_truth.Length)).ToList();
            int[] Some(IEnumerable<int> among, int count) => random.GetItems(among.ToArray(), count);
            return
            [
                .. Some(stored.OrderBy(i => Math.Abs(Logits[i] - 0.4)).Take(400), 16)
                    .Concat(Some(stored.OrderByDescending(i => Logits[i]).Take(120), 8))
                    .Concat(Some(stored.OrderBy(i => Logits[i]).Take(1500), 8))
                    .Select(i => new LabelScore(_truth[i] ? 1 : 0, Logits[i])),
            ];
        }

        private static double Normal(Random random) =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
