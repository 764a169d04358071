using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Actors.Tests.States;

/// <summary>Simulated cameras: the light follows the sun and the weather, cars park and leave, people pass. The labels are of some days before.</summary>
public sealed class DriftMonitorTests
{
    private const int SamplesPerDay = 24 * 60 / 4;

    private const int DaysBefore = 6;

    [Fact]
    public void Of_a_hundred_days_like_those_that_were_labelled_at_most_one_has_an_alarm()
    {
        const int Days = 10;
        var alarms = 0;
        for (var seed = 1; seed <= 10; seed++)
        {
            // From the fewest that teaching takes to what the documentation recommends.
            var camera = new Camera(seed);
            var reference = camera.Label(4 + (4 * (seed % 4)));
            alarms += AlarmsOf(reference, camera.Next(Days * SamplesPerDay)).Select(at => at / SamplesPerDay).Distinct().Count();
        }

        Assert.True(alarms <= 1, $"{alarms} of 100 days have an alarm");
    }

    [Theory]
    [InlineData("light", 6)]
    [InlineData("moved", 7)]
    public void Another_light_and_a_moved_camera_are_noticed_within_hours(string change, int least)
    {
        var hours = new List<double>();
        for (var seed = 1; seed <= 8; seed++)
        {
            var camera = new Camera(seed);
            var reference = camera.Label(12);
            var changed = camera.Next(SamplesPerDay, change);
            hours.Add(AlarmsOf(reference, changed).Append(int.MaxValue).First() * DriftMonitor.SampleEvery.TotalHours);
        }

        Assert.True(hours.Count(it => it < 6) >= least, string.Join(", ", hours));
    }

    [Fact]
    public void A_car_that_parks_for_an_hour_is_no_drift_and_an_alarm_ends_when_the_pictures_are_as_before()
    {
        var monitor = new DriftMonitor();
        var at = TimeSpan.Zero;
        bool Add(bool isUnlike, int count)
        {
            var hasChanged = false;
            for (var i = 0; i < count; i++)
            {
                at += DriftMonitor.SampleEvery;
                hasChanged |= monitor.Add(isUnlike, at);
            }

            return hasChanged;
        }

        Assert.False(Add(false, 60));
        Assert.False(Add(true, 15));
        Assert.False(Add(false, 60));
        Assert.False(Add(true, 30));
        Assert.True(Add(true, 1));
        Assert.True(monitor.HasDrifted);

        // Answers of the same minutes say nothing new.
        for (var i = 0; i < 100; i++)
        {
            monitor.Add(false, at);
        }

        Assert.Equal((60, 31.0 / 60), (monitor.Samples, monitor.Share));
        Assert.False(Add(false, 44));
        Assert.True(Add(false, 1));
        Assert.False(monitor.HasDrifted);
    }

    [Fact]
    public async Task Drift_is_in_the_statistics_and_ends_when_the_question_is_taught_again()
    {
        var plan = Plan(Taught("a", new Camera(1).Label(12)));
        await using var bench = new ActorBench(plan);
        Assert.Equal((TaughtDriftStats.None, 0, null), Drift());
        for (var i = 1; i <= 32; i++)
        {
            bench.Evaluators.Apply(Answered(isUnlike: true, isReused: i == 1));
            bench.Time.Advance(DriftMonitor.SampleEvery);
        }

        Assert.Equal((TaughtDriftStats.Drifted, 31, 1.0), Drift());
        Assert.NotNull(Stats().Since);

        plan = Plan(Taught("b", new Camera(2).Label(12)));
        bench.Evaluators.Configure([plan]);
        Assert.Equal((TaughtDriftStats.None, 0, null), Drift());

        // A file of an earlier version.
        plan = Plan(Taught("c", null));
        bench.Evaluators.Configure([plan]);
        bench.Evaluators.Apply(Answered(isUnlike: null, isReused: false));
        Assert.Equal((TaughtDriftStats.NoReference, 0, null), Drift());

        TaughtDriftStats Stats() => bench.Counters[plan.Id].Snapshot(plan.Questions, bench.Clock).Questions["person"].TaughtDrift!;
        (string, int, double?) Drift() => (Stats().State, Stats().Pictures, Stats().Share);

        FrameAnswered Answered(bool? isUnlike, bool isReused)
        {
            var frame = bench.Answered(1, "yes");
            var answer = frame.Answers[0] with { Question = plan.Questions[0], Reused = isReused };
            return frame with { Answers = [answer with { Parts = [answer.Parts[0] with { IsUnlikeLabels = isUnlike }] }] };
        }
    }

    private static CameraConfiguration Plan(TaughtScoring taught)
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Always);
        return plan with { Questions = [plan.Questions[0] with { Taught = taught }] };
    }

    private static TaughtScoring Taught(string digest, LabelReference? reference) =>
        TaughtScoring.Using(new TaughtScorer(null, null, 0, TaughtAnswerer.Model) { Reference = reference }, digest);

    /// <summary>The samples at which an alarm is on.</summary>
    private static IEnumerable<int> AlarmsOf(LabelReference reference, List<float[]> pictures)
    {
        var monitor = new DriftMonitor();
        for (var i = 0; i < pictures.Count; i++)
        {
            monitor.Add(reference.IsUnlike(pictures[i]), i * DriftMonitor.SampleEvery);
            if (monitor.HasDrifted)
            {
                yield return i;
            }
        }
    }

    /// <summary>Features of the pictures of a camera, one after the other.</summary>
    private sealed class Camera
    {
        private const int Width = 96;

        private readonly Random _random;
        private readonly float[][] _light;
        private readonly float[][] _cars;
        private readonly float[] _person;
        private readonly float[] _otherLight;
        private readonly double[] _weather = new double[3];
        private int _car;
        private int _sample;

        public Camera(int seed)
        {
            _random = new Random(seed);
            _light = [.. Enumerable.Range(0, 8).Select(_ => Draw(1))];
            _cars = [.. Enumerable.Range(0, 20).Select(_ => Draw(0.8))];
            (_person, _otherLight) = (Draw(1.2), Draw(1.5));
        }

        /// <summary>Labels pictures of the next days, at random times, as many of each answer.</summary>
        public LabelReference Label(int ofEach)
        {
            var pictures = Next(DaysBefore * SamplesPerDay);
            var times = new HashSet<int>();
            while (times.Count < 2 * ofEach)
            {
                times.Add(_random.Next(pictures.Count));
            }

            return LabelReferences.Of(
                [
                    .. times.Select((at, i) => new LabelledSample(
                        $"{at}", i % 2, [0], new Dictionary<FeatureKinds, float[]> { [FeatureKinds.VisualTokens] = pictures[at] })),
                ],
                [],
                [])!;
        }

        public List<float[]> Next(int count, string? change = null) => [.. Enumerable.Range(0, count).Select(_ => Next(change))];

        private float[] Next(string? change)
        {
            var sun = 2 * Math.PI * _sample++ / SamplesPerDay;

            // The weather keeps for some hours, and a car is replaced after about three.
            var keeps = Math.Exp(-4.0 / 360);
            for (var i = 0; i < _weather.Length; i++)
            {
                _weather[i] = (keeps * _weather[i]) + (Math.Sqrt(1 - (keeps * keeps)) * Normal());
            }

            _car = _random.NextDouble() < 4.0 / 180 ? _random.Next(_cars.Length) : _car;
            double[] light = [Math.Cos(sun), Math.Sin(sun), Math.Cos(2 * sun), .. _weather, 0.5 * Normal(), 0.5 * Normal()];
            var person = _random.NextDouble() < 0.1 ? 0.7 + (0.6 * _random.NextDouble()) : 0;
            var picture = new float[Width];
            for (var column = 0; column < Width; column++)
            {
                var sum = _cars[_car][column] + (person * _person[column]) + (0.4 * Normal());
                for (var i = 0; i < light.Length; i++)
                {
                    sum += light[i] * _light[i][column];
                }

                picture[column] = (float)sum;
            }

            return change switch
            {
                "light" => [.. picture.Zip(_otherLight, (value, other) => value + other)],
                "moved" => [.. Enumerable.Range(0, Width).Select(column => picture[((column * 37) + 11) % Width])],
                _ => picture,
            };
        }

        private float[] Draw(double scale) => [.. Enumerable.Range(0, Width).Select(_ => (float)(scale * Normal()))];

        private double Normal() =>
            Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
    }
}
