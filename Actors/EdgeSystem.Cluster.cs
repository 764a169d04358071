using MobileVlm.Edge.Actors.Cluster;
using MobileVlm.Edge.Actors.Cluster.Dispatching;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors;

/// <content>The cluster, where one is configured.</content>
public sealed partial class EdgeSystem
{
    private ClusterService? _cluster;

    /// <summary>The cluster; null without one. For tests.</summary>
    internal ClusterService? Cluster => _cluster;

    /// <summary>The protocol that this build speaks with other hosts. Tests set another one.</summary>
    internal ProtocolVersion ProtocolVersion { get; set; } = ProtocolVersion.Current;

    private ClusterService? CreateCluster(PipelineContext pipeline)
    {
        if (_settings.Cluster is not { } settings)
        {
            return null;
        }

        // A host that only answers for others has no frames to give away.
        var givesFrames = _settings.Cameras.Count > 0 || !_dependencies.HasModel;
        return new ClusterService(
            settings,
            _dependencies.ClusterModel,
            capacity: _settings.Pipeline.Overlap ? 2 : 1,
            pipeline.Engine,
            givesFrames ? counters => CreateDispatcher(settings, pipeline, counters) : null,
            ProtocolVersion,
            Random.Shared.NextDouble,
            _time,
            _loggers);
    }

    private Dispatcher CreateDispatcher(ClusterSettings settings, PipelineContext pipeline, ClusterCounters counters)
    {
        var context = new DispatcherContext(
            settings,
            _picker,
            _dispatcherWake!,
            new ModelChoice(_dependencies.ClusterModel),
            _counters.Pipeline,
            pipeline.Failing,
            counters,
            answered => new EvaluateStep(_surviving.Children.Evaluation, RaiseAnswered).EvaluateAndPublish(answered),
            _dependencies.FrameToJpeg,
            ProtocolVersion)
        {
            Remote = _settings.Remote,
            Cancel = _cancelAnswers.Token,
        };
        return new Dispatcher(context, _time, _loggers);
    }
}
