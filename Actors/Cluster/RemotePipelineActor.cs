using Akka.Actor;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Restarts;

namespace MobileVlm.Edge.Actors.Cluster;

/// <summary>Stands in for the <see cref="PipelineActor"/> on a host without a model: other hosts answer, so it has no engine to open. It
/// reports when every camera has ended, and shows that frames are still selected.</summary>
internal sealed class RemotePipelineActor : ReceiveActor
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(200);

    private readonly PipelineContext _context;
    private readonly Func<bool> _isIdle;
    private readonly ITimer _timer;

    /// <param name="context">The cameras.</param>
    /// <param name="isIdle">No other host has a frame.</param>
    public RemotePipelineActor(PipelineContext context, Func<bool> isIdle)
    {
        (_context, _isIdle) = (context, isIdle);
        // The last frames are answered elsewhere, which sets no signal here.
        _timer = context.Time.SendEvery(Self, CheckEvery, Check.Instance);
        Receive<Check>(_ => OnCheck());
        Receive<CloseEngine>(_ => Context.Stop(Self));
    }

    protected override void PreStart() => Context.Parent.Tell(new PipelineStarted());

    protected override void PostStop() => _timer.Dispose();

    private void OnCheck()
    {
        _context.Limit.AcknowledgeNudge();
        if (_context.Picker.AllDone && _isIdle())
        {
            _timer.Dispose();
            Context.Parent.Tell(new PipelineDrained());
        }
    }

    private sealed record Check
    {
        public static readonly Check Instance = new();
    }
}
