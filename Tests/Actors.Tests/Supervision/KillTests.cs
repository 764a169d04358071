using Xunit.Abstractions;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>Each actor fails while it works, and nobody notices. <c>MOBILEVLM_KILL_STEPS</c> makes the runs longer.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly string[] All = ["publisher", "evaluation", "commands", "ad-hoc", "stats", "camera-gate-1", "camera-hall-2"];

    private static int Steps =>
        int.TryParse(Environment.GetEnvironmentVariable("MOBILEVLM_KILL_STEPS"), out var steps) ? steps : 40;

    [Theory]
    [InlineData("publisher")]
    [InlineData("evaluation")]
    [InlineData("commands")]
    [InlineData("ad-hoc")]
    [InlineData("stats")]
    [InlineData("camera-*")]
    public async Task An_actor_that_is_killed_again_and_again_is_not_missed(string actor)
    {
        await using var scenario = new KillScenario(1);
        await scenario.StartAsync();

        for (var step = 0; step < Steps; step++)
        {
            await scenario.StepAsync(() => scenario.Rig.Kill($"edge/{actor}"));
        }

        await scenario.SettleAsync();
        output.WriteLine($"{actor} killed {Steps} times: {scenario.Check()}");
        Assert.False(scenario.Rig.Edge.Completion.IsCompleted);
        await Eventually.TrueAsync(
            () => scenario.Rig.Log.Lines.Items.Count(line => line.Text.StartsWith("The actor '", StringComparison.Ordinal)) >= Steps,
            "every restart");
    }

    [Theory]
    [InlineData("publisher", 1)]
    [InlineData("publisher", 2)]
    [InlineData("evaluation", 3)]
    [InlineData("commands", 4)]
    [InlineData("ad-hoc", 5)]
    [InlineData("", 6)]
    [InlineData("", 7)]
    [InlineData("", 8)]
    public async Task An_actor_that_fails_in_the_middle_of_its_work_is_not_missed(string actor, int seed)
    {
        await using var scenario = new KillScenario(seed);
        await scenario.StartAsync();
        scenario.Crashes.ShouldFail = new SparseFaults(seed, name => actor.Length == 0 ? All.Contains(name) : name == actor).Next;

        for (var step = 0; step < Steps; step++)
        {
            await scenario.StepAsync(() => { });
        }

        await scenario.SettleAsync();
        output.WriteLine($"{actor} failed {scenario.Crashes.Made} times: {scenario.Check()}");
        Assert.True(scenario.Crashes.Made > 0, "nothing failed");
    }

    /// <summary>Faults at random, but after each some points of the same actor without one: what fails twice at one message
    /// is given up on purpose.</summary>
    private sealed class SparseFaults(int seed, Func<string, bool> isMeant)
    {
        private const int QuietPoints = 8;

        private readonly Lock _lock = new();
        private readonly Random _random = new(seed);
        private readonly Dictionary<string, int> _quiet = [];

        public bool Next(string actor)
        {
            lock (_lock)
            {
                if (!isMeant(actor))
                {
                    return false;
                }

                var quiet = _quiet.GetValueOrDefault(actor);
                var fails = quiet == 0 && _random.Next(3) == 0;
                _quiet[actor] = fails ? QuietPoints : Math.Max(quiet - 1, 0);
                return fails;
            }
        }
    }
}
