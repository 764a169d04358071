using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>Decides which model answers, where hosts have different ones: the own one; without one, the model that was met first, as long
/// as a host has it.</summary>
/// <param name="own">The model of this host; null without one.</param>
internal sealed class ModelChoice(ClusterModel? own)
{
    private readonly bool _isFixed = own is not null;
    private volatile ClusterModel? _current = own;

    /// <summary>The model in use; null before any was met. Any thread.</summary>
    public ClusterModel? Current => _current;

    /// <summary>Chooses again.</summary>
    /// <param name="available">The models of hosts that can be used otherwise, in the order in which they were met.</param>
    /// <returns>True when another model is used from now on.</returns>
    public bool Update(IReadOnlyList<ClusterModel> available)
    {
        if (_isFixed || available.Count == 0 || available.Any(IsCurrent))
        {
            return false;
        }

        _current = available[0];
        return true;
    }

    public bool IsCurrent(ClusterModel model) => _current?.Fingerprint == model.Fingerprint;
}
