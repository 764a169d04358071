using System.Collections.Concurrent;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The switches of all questions: which are asked now. A switch at run time overrides the configuration until it is switched
/// back, also after a restart; its owner saves it. Thread-safe.</summary>
public sealed class QuestionSwitches
{
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), bool> _configured = new();
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), bool> _switched = new();

    /// <summary>Raised after a switch that changed something, on the switching thread.</summary>
    public event Action<CameraId, string, bool>? Changed;

    /// <summary>The switches that differ from the configuration.</summary>
    public IReadOnlyList<(CameraId Camera, string Question, bool Enabled)> Switched =>
        [.. _switched.Select(entry => (entry.Key.Camera, entry.Key.Question, entry.Value))];

    /// <summary>False for an unknown question.</summary>
    public bool IsEnabled(CameraId camera, string question) =>
        _configured.TryGetValue((camera, question), out var configured)
        && (_switched.TryGetValue((camera, question), out var switched) ? switched : configured);

    /// <summary>Switches a question on or off from now on.</summary>
    /// <returns>False for an unknown question.</returns>
    public bool Set(CameraId camera, string question, bool enabled)
    {
        if (!_configured.TryGetValue((camera, question), out var configured))
        {
            return false;
        }

        var before = IsEnabled(camera, question);
        if (enabled == configured)
        {
            _switched.TryRemove((camera, question), out _);
        }
        else
        {
            _switched[(camera, question)] = enabled;
        }

        if (before != enabled)
        {
            Changed?.Invoke(camera, question, enabled);
        }

        return true;
    }

    /// <summary>Replaces the questions. A question that stays keeps its switch; that of a removed one is
    /// dropped.</summary>
    public void Configure(IEnumerable<CameraConfiguration> plans)
    {
        var now = plans.SelectMany(plan => plan.Questions.Select(question => ((plan.Id, question.Id), question.Enabled)))
            .ToDictionary(entry => entry.Item1, entry => entry.Enabled);
        foreach (var (key, enabled) in now)
        {
            _configured[key] = enabled;
        }

        foreach (var gone in _configured.Keys.Where(key => !now.ContainsKey(key)))
        {
            _configured.TryRemove(gone, out _);
            _switched.TryRemove(gone, out _);
        }
    }
}
