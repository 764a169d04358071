using MobileVlm.Edge.Actors.Background;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Background;

/// <summary>Turns on a device that is never idle: a frame waits for ever.</summary>
public sealed class LowPriorityTurnsTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Piece = TimeSpan.FromSeconds(2);

    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly EngineDuty _duty;
    private readonly LowPriorityTurns _turns;

    public LowPriorityTurnsTests()
    {
        _duty = new EngineDuty(() => { }, _bench.Time);
        _turns = new LowPriorityTurns(_bench.Limit, new FramePicker(_bench.Intakes, _bench.Uploads), _duty, _bench.Time);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    public void Dispose() => _duty.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    public async Task Several_callers_together_take_a_fifth_of_the_time_that_the_engine_may_work(double limit)
    {
        _duty.Limit = limit;
        _bench.Intake.Offer(_bench.Frame());
        var began = _bench.Time.GetTimestamp();
        var starts = new List<TimeSpan>();
        var callers = Enumerable.Range(0, 3).Select(_ => Task.Run(CallTwiceAsync)).ToList();
        await Eventually.TrueAsync(
            () =>
            {
                _bench.Time.Advance(TimeSpan.FromSeconds(0.5));
                return callers.TrueForAll(caller => caller.IsCompleted);
            },
            "all pieces run");

        Assert.Equal(6, starts.Count);
        Assert.True(starts[0] >= LowPriorityTurns.LeastWait);
        foreach (var (before, next) in starts.Zip(starts.Skip(1)))
        {
            Assert.True(next - before >= Piece * (1 + (LowPriorityTurns.BusyFactor / limit)), $"{next} comes too soon after {before}");
        }

        async Task CallTwiceAsync()
        {
            for (var i = 0; i < 2; i++)
            {
                await _turns.RunAsync(
                    () =>
                    {
                        starts.Add(_bench.Time.GetElapsedTime(began));
                        _bench.Time.Advance(Piece);
                        return Task.FromResult(true);
                    },
                    CancellationToken.None);
            }
        }
    }

    [Fact]
    public async Task A_caller_that_gives_up_or_fails_leaves_the_turn_to_the_next()
    {
        _bench.Intake.Offer(_bench.Frame());
        using var cancel = new CancellationTokenSource();
        var waiting = _turns.RunAsync(() => Task.FromResult(1), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _bench.Intake.Close();

        await Assert.ThrowsAsync<InvalidOperationException>(() => _turns.RunAsync<int>(() => throw new InvalidOperationException(), CancellationToken.None));
        Assert.Equal(2, await _turns.RunAsync(() => Task.FromResult(2), CancellationToken.None));
    }
}
