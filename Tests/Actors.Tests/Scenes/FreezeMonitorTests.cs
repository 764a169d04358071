using MobileVlm.Edge.Actors.Scenes;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>Connections that repeat themselves, frame by frame. Pictures are distinguished by a number (their hash) and a
/// brightness.</summary>
public sealed class FreezeMonitorTests
{
    private static readonly TimeSpan FrozenAfter = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_sensor_is_never_suspected()
    {
        var camera = new Connection();
        for (ulong i = 0; i < 5000; i++)
        {
            Assert.Equal(FreezeDecision.None, camera.See(i, 100));
        }

        Assert.Equal(TimeSpan.Zero, camera.SameFor);
    }

    [Fact]
    public void The_same_picture_is_opened_again_once_and_only_after_the_time()
    {
        var camera = new Connection();
        camera.See(1, 100);
        var states = Enumerable.Range(1, 900).Select(_ => camera.See(1, 100)).ToList();

        Assert.Equal(299, states.IndexOf(FreezeDecision.OpenAgain));
        Assert.Single(states, state => state != FreezeDecision.None);
        Assert.Equal(TimeSpan.FromSeconds(900), camera.SameFor);
    }

    [Fact]
    public void Zero_switches_it_off_and_still_counts()
    {
        var camera = new Connection { FrozenAfter = TimeSpan.Zero };
        Assert.DoesNotContain(
            Enumerable.Range(0, 5000).Select(_ => camera.See(1, 100)), state => state != FreezeDecision.None);
        Assert.Equal(TimeSpan.FromSeconds(4999), camera.SameFor);
    }

    [Fact]
    public void Pictures_between_two_key_frames_that_come_again_and_again_are_the_same_picture()
    {
        // A camera whose sensor hangs continues to encode: the same second of 25 pictures, over and over.
        var camera = new Connection { Interval = TimeSpan.FromSeconds(0.1) };
        var states = Enumerable.Range(0, 4000).Select(i => camera.See((ulong)(i % 25), 100)).ToList();
        Assert.Contains(FreezeDecision.OpenAgain, states);
    }

    [Fact]
    public void A_new_connection_with_the_very_same_pictures_is_a_still_scene_and_the_next_try_is_an_hour_later()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);
        camera.Open();

        Assert.Equal(FreezeDecision.StillScene, camera.Until(_ => (1, 100)));
        Assert.True(camera.SameFor > FrozenAfter);
        var decided = camera.Now;
        Assert.Equal(FreezeDecision.OpenAgain, camera.Until(_ => (1, 100)));
        Assert.Equal(FreezeMonitor.NextTryAfter, camera.Now - decided);
    }

    [Fact]
    public void A_key_frame_that_is_coded_a_little_otherwise_is_the_same_scene()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);
        camera.Open();

        // It settles within a few frames on other bits than before.
        Assert.Equal(FreezeDecision.StillScene, camera.Until(i => ((ulong)(100 + Math.Min(i, 4)), 101)));
        Assert.True(camera.SameFor > FrozenAfter);
    }

    [Fact]
    public void Another_picture_on_the_new_connection_means_that_the_old_one_was_frozen()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);
        camera.Open();
        Assert.Equal(FreezeDecision.WasFrozen, camera.Until(i => ((ulong)(100 + i), 140)));
        Assert.Equal(TimeSpan.Zero, camera.SameFor);

        // It may freeze again, and that is found after the same time.
        var decided = camera.Now;
        camera.See(999, 140);
        Assert.Equal(FreezeDecision.OpenAgain, camera.Until(_ => (999, 140)));
        Assert.InRange(camera.Now - decided, FrozenAfter, FrozenAfter + TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void A_damaged_first_picture_proves_nothing()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);
        camera.Open();
        Assert.Equal(FreezeDecision.StillScene, camera.Until(i => i == 0 ? (77UL, 180) : (1UL, 100)));
    }

    [Fact]
    public void A_picture_that_the_old_connection_showed_before_it_froze_is_another_picture()
    {
        var camera = new Connection();
        for (ulong i = 0; i < 20; i++)
        {
            camera.See(i, 140);
        }

        camera.UntilOpenedAgain(99, 100);
        camera.Open();
        Assert.Equal(FreezeDecision.WasFrozen, camera.Until(i => ((ulong)i, 140)));
    }

    [Fact]
    public void A_sensor_before_an_unchanged_scene_means_that_the_old_connection_was_frozen()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);
        camera.Open();
        Assert.Equal(FreezeDecision.WasFrozen, camera.Until(i => ((ulong)(100 + i), 100)));
    }

    [Fact]
    public void A_connection_that_broke_by_itself_answers_the_question_as_well()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);

        // The new connection failed, and the next one came an hour later.
        camera.Open();
        camera.Now += TimeSpan.FromHours(1);
        camera.Open();
        Assert.Equal(FreezeDecision.StillScene, camera.Until(_ => (1, 100)));
    }

    [Fact]
    public void A_scene_that_moves_again_is_suspected_again_without_the_hour()
    {
        var camera = new Connection();
        camera.UntilOpenedAgain(1, 100);
        camera.Open();
        Assert.Equal(FreezeDecision.StillScene, camera.Until(_ => (1, 100)));
        for (ulong i = 0; i < 60; i++)
        {
            Assert.Equal(FreezeDecision.None, camera.See(1000 + i, 100));
        }

        var last = camera.Now;
        Assert.Equal(FreezeDecision.OpenAgain, camera.Until(_ => (1059, 100)));
        Assert.Equal(FrozenAfter, camera.Now - last);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(600)]
    public void A_slow_camera_is_evaluated_by_its_frames(int seconds)
    {
        var camera = new Connection { Interval = TimeSpan.FromSeconds(seconds) };
        camera.UntilOpenedAgain(1, 100);
        camera.Open();
        Assert.Equal(FreezeDecision.StillScene, camera.Until(_ => (1, 100)));
    }

    [Fact]
    public void For_any_frames_a_source_is_reopened_at_most_once_per_interval_and_every_attempt_is_decided()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var camera = new Connection { Interval = TimeSpan.FromSeconds(1 + random.Next(20)) };
            var (hash, fresh, opened, waits) = (0UL, 1UL, (TimeSpan?)null, false);
            for (var i = 0; i < 3000; i++)
            {
                hash = random.Next(4) switch { 0 when random.Next(80) == 0 => ++fresh, _ => hash };
                var state = camera.See(hash, 100 + (float)(hash % 3 * 30));
                switch (state)
                {
                    case FreezeDecision.OpenAgain:
                        Assert.False(waits);
                        Assert.False(camera.Now - opened < FrozenAfter, $"seed {seed}: opened again after {camera.Now - opened}");
                        Assert.True(camera.SameFor >= FrozenAfter);
                        (opened, waits) = (camera.Now, true);
                        camera.Open();
                        break;
                    case FreezeDecision.StillScene or FreezeDecision.WasFrozen:
                        waits = false;
                        break;
                }
            }
        }
    }

    private sealed class Connection
    {
        private readonly FreezeMonitor _monitor = new();

        public TimeSpan FrozenAfter { get; init; } = FreezeMonitorTests.FrozenAfter;

        public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public TimeSpan SameFor => _monitor.SameFor;

        public void Open() => _monitor.Opened(FrozenAfter);

        public FreezeDecision See(ulong hash, float brightness)
        {
            Now += Interval;
            var blocks = new float[GrayImage.BlockCount];
            Array.Fill(blocks, brightness);
            return _monitor.Take(hash, blocks, Now, FrozenAfter);
        }

        /// <summary>Frames until something follows.</summary>
        public FreezeDecision Until(Func<int, (ulong Hash, float Brightness)> frame)
        {
            for (var i = 0; i < 5000; i++)
            {
                var (hash, brightness) = frame(i);
                if (See(hash, brightness) is var state and not FreezeDecision.None)
                {
                    return state;
                }
            }

            return FreezeDecision.None;
        }

        public void UntilOpenedAgain(ulong hash, float brightness)
        {
            See(hash, brightness);
            Assert.Equal(FreezeDecision.OpenAgain, Until(_ => (hash, brightness)));
        }
    }
}
