using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

public sealed class SessionOpeningTests : IDisposable
{
    private static readonly ExecutionSettings OnCpu = new(1) { Target = ExecutionTarget.Cpu };

    private readonly Session _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public async Task On_the_cpu_opening_begins_at_once_and_beside_the_caller()
    {
        var begun = new TaskCompletionSource();
        using var release = new ManualResetEventSlim();
        using var opening = new SessionOpening<Session>(OnCpu, _ =>
        {
            begun.SetResult();
            release.Wait();
            return _session;
        });

        await begun.Task.WaitAsync(TimeSpan.FromMinutes(1));
        release.Set();

        Assert.Same(_session, opening.Take());
    }

    [Fact]
    public void On_other_devices_nothing_is_opened_before_it_is_taken()
    {
        var isOpen = false;
        using var opening = new SessionOpening<Session>(OnCpu with { Target = ExecutionTarget.Cuda() }, _ =>
        {
            isOpen = true;
            return _session;
        });

        Assert.False(isOpen);
        opening.Take();
        Assert.True(isOpen);
    }

    [Fact]
    public void What_was_taken_belongs_to_the_taker_and_what_was_not_is_closed()
    {
        var taken = new Session();
        using (var opening = new SessionOpening<Session>(OnCpu, _ => taken))
        {
            opening.Take();
        }

        var abandoned = new SessionOpening<Session>(OnCpu, _ => _session);
        abandoned.Dispose();
        abandoned.Dispose();

        Assert.Equal((0, 1), (taken.Disposed, _session.Disposed));
        Assert.Throws<ObjectDisposedException>(abandoned.Take);
    }

    [Fact]
    public void A_failure_is_thrown_to_the_taker_and_not_by_closing()
    {
        var opening = new SessionOpening<Session>(OnCpu, _ => throw new InvalidOperationException("damaged"));

        Assert.Equal("damaged", Assert.Throws<InvalidOperationException>(opening.Take).Message);
        opening.Dispose();
    }

    [Fact]
    public void Placements_are_reported_when_the_sessions_are_taken()
    {
        var reported = new List<SessionPlacement>();
        var placement = new SessionPlacement("decoder.onnx", ExecutionTarget.Cpu, new Dictionary<string, int>(), new Dictionary<string, int>(), null);
        using var opening = new SessionOpening<Session>(OnCpu with { OnSessionOpened = reported.Add }, settings =>
        {
            settings.OnSessionOpened!(placement);
            return _session;
        });

        Assert.Empty(reported);
        opening.Take();
        Assert.Same(placement, Assert.Single(reported));
    }

    private sealed class Session : IDisposable
    {
        public int Disposed { get; private set; }

        public void Dispose() => Disposed++;
    }
}
