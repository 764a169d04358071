using MobileVlm.Edge.Actors.Scenes;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>What cameras, weather, vandals and lorries do to pictures of the demo clip.</summary>
public sealed class ViewMonitorTests
{
    private static readonly TimeSpan Settles = TimeSpan.FromMinutes(10);

    /// <summary>Seconds of the clip: empty by day, with people, cars and a dog, night with a person.</summary>
    private static readonly int[] Bases = [3, 25, 58];

    private static readonly Dictionary<string, (ViewState State, Func<ScenePicture, Random, ScenePicture> Change)> Harm = new()
    {
        ["pushed aside by a twentieth"] = (ViewState.Changed, (it, _) => it.Moved(right: 0.05)),
        ["pushed aside by a tenth"] = (ViewState.Changed, (it, _) => it.Moved(right: 0.1)),
        ["pushed aside by a third"] = (ViewState.Changed, (it, _) => it.Moved(right: 0.33)),
        ["sunk by a twentieth"] = (ViewState.Changed, (it, _) => it.Moved(down: 0.05)),
        ["sunk by a sixth"] = (ViewState.Changed, (it, _) => it.Moved(down: 0.17)),
        ["rolled by 5 degrees"] = (ViewState.Changed, (it, _) => it.Moved(degrees: 5)),
        ["rolled by 12 degrees"] = (ViewState.Changed, (it, _) => it.Moved(degrees: 12)),
        ["rolled by 90 degrees"] = (ViewState.Changed, (it, _) => it.Moved(degrees: 90)),
        ["hung upside down"] = (ViewState.Changed, (it, _) => it.Moved(degrees: 180)),
        ["zoomed in"] = (ViewState.Changed, (it, _) => it.Moved(zoom: 1.3)),
        ["zoomed in far"] = (ViewState.Changed, (it, _) => it.Moved(zoom: 2)),
        ["zoomed out"] = (ViewState.Changed, (it, _) => it.Moved(zoom: 0.75)),
        ["moved, rolled and darker"] = (ViewState.Changed, (it, _) => it.Moved(0.08, 0.06, -6).Toned(0.7)),
        ["out of focus"] = (ViewState.Blurred, (it, _) => it.Blurred(0.012)),
        ["far out of focus"] = (ViewState.Blurred, (it, _) => it.Blurred(0.025)),
        ["grease on the glass"] = (ViewState.Blurred, (it, _) => it.Blurred(0.012).Toned(0.6, about: 150)),
        ["sprayed"] = (ViewState.Blurred, (it, _) => it.Sprayed(45, 7)),
        ["under a hand"] = (ViewState.Covered, (it, _) => it.UnderHand()),
        ["behind a bag"] = (ViewState.Covered, (it, random) => it.Each((x, y, _, _) => 170 + (30 * Math.Sin(x * 0.006)) - (y * 0.06)).Noisy(3, random)),
        ["nine tenths behind a board"] = (ViewState.Covered, (it, _) => it.Hidden(0, 0.93, (x, _) => 120 + (x * 0.05))),
        ["under its cap"] = (ViewState.Dark, (it, random) => it.Capped(random)),
        ["without any light"] = (ViewState.Dark, (it, random) => it.Toned(0.04).Noisy(2, random)),
    };

    private static readonly Dictionary<string, Func<ScenePicture, int, Random, ScenePicture>> Harmless = new()
    {
        ["nothing"] = (it, _, _) => it,
        ["lights off, then on"] = (it, at, _) => at % 8 < 4 ? it.Toned(0.35) : it,
        ["exposure hunts"] = (it, at, _) => it.Toned(1 + (0.6 * Math.Sin(at))),
        ["overexposed for five frames"] = (it, at, _) => at is > 4 and < 10 ? it.Toned(8) : it,
        ["infrared light switches on"] = (it, at, _) => at < 5 ? it : it.Infrared(),
        ["infrared light switches on through a white flash"] = (it, at, _) => at < 5 ? it : at < 10 ? it.Toned(9) : it.Infrared(),
        ["white balance hunts"] = (it, at, _) => it.WhiteBalanced(1 + (0.3 * Math.Sin(at)), 1 - (0.3 * Math.Sin(at))),
        ["noise"] = (it, _, random) => it.Noisy(10, random),
        ["rain"] = (it, _, random) => it.Rainy(400, random).Noisy(4, random),
        ["low JPEG quality"] = (it, at, _) => it.Compressed(at % 2 == 0 ? 10 : 90),
        ["vibration"] = (it, at, _) => it.Moved(right: at % 2 == 0 ? 0.004 : -0.004, down: at % 3 == 0 ? 0.004 : 0),
        ["fog comes"] = (it, at, _) => it.Toned(1 - Math.Min(0.98, at * 0.06), about: 190),
        ["dusk comes"] = (it, at, _) => it.Toned(1 - Math.Min(0.75, at * 0.05)),
        ["a lorry passes"] = (it, at, _) => it.WithLorry(-0.9 + (at * 0.12), -0.05 + (at * 0.12)),
        ["a lorry stops over three quarters"] = (it, at, _) => at < 3 ? it : it.WithLorry(0.1, 0.85),
        ["a grey lorry stops over two thirds"] = (it, at, _) => at < 3 ? it : it.Hidden(0.15, 0.82, (_, y) => 110 + (y * 0.02)),
        ["somebody stands before the lens"] = (it, at, _) => at < 3 ? it : it.Hidden(0.2, 0.75, (x, y) => 60 + (10 * Math.Sin(x * 0.02) * Math.Cos(y * 0.01))),
        ["a hand waves twice"] = (it, at, _) => at is 5 or 6 or 12 ? it.UnderHand(at) : it,
        ["another resolution"] = (it, at, _) => at < 5 ? it : it.Resized(480, 360),
        ["black for two frames"] = (it, at, random) => at is 5 or 6 ? it.Capped(random) : it,
    };

    public static TheoryData<string, int> Harms => Cross(Harm.Keys, Bases);

    public static TheoryData<string, int> Harmlesses => Cross(Harmless.Keys, Bases[1..]);

    [Theory]
    [MemberData(nameof(Harms))]
    public void A_view_that_is_not_normal_is_seen_with_the_third_frame_and_normal_again_with_the_third_after_it(string name, int second)
    {
        var (expected, change) = Harm[name];
        var random = new Random(1);
        var camera = new CameraUnderTest();
        var picture = GateClip.Second(second);
        camera.Teach(picture, random);

        var states = Enumerable.Range(0, 5).Select(_ => camera.See(change(picture, random).Noisy(1, random))).ToList();
        Assert.Equal([ViewState.Normal, ViewState.Normal, expected, expected, expected], states);

        states = [.. Enumerable.Range(0, 4).Select(_ => camera.See(picture.Noisy(1, random)))];
        Assert.Equal([expected, expected, ViewState.Normal, ViewState.Normal], states);
    }

    [Theory]
    [MemberData(nameof(Harmlesses))]
    public void What_happens_before_a_camera_is_not_reported(string name, int second)
    {
        var change = Harmless[name];
        var random = new Random(2);
        var camera = new CameraUnderTest();
        var picture = GateClip.Second(second);
        camera.Teach(picture, random);

        var states = Enumerable.Range(0, 16).Select(at => camera.See(change(picture, at, random).Noisy(1, random))).ToList();

        Assert.DoesNotContain(states, state => state != ViewState.Normal);
    }

    private static TheoryData<string, int> Cross(IEnumerable<string> names, int[] bases)
    {
        var data = new TheoryData<string, int>();
        foreach (var name in names)
        {
            foreach (var second in bases)
            {
                data.Add(name, second);
            }
        }

        return data;
    }

    /// <summary>One frame per second.</summary>
    private sealed class CameraUnderTest
    {
        private readonly ViewMonitor _monitor = new();
        private readonly GrayImage _plane = new();
        private TimeSpan _now = TimeSpan.FromHours(1);

        public ViewState See(ScenePicture picture)
        {
            _now += TimeSpan.FromSeconds(1);
            using var frame = picture.ToFrame();
            _plane.Read(frame);
            _monitor.Examine(_plane, _now, Settles);
            return _monitor.State;
        }

        public void Teach(ScenePicture picture, Random random)
        {
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal(ViewState.Normal, See(picture.Noisy(1, random)));
            }
        }
    }
}
