using MobileVlm.Edge.Actors.Settings;
namespace MobileVlm.Edge.Actors.Restarts;

/// <summary>Counts restarts within a sliding window.</summary>
internal sealed class RestartWindow(RestartBudget budget, TimeProvider time)
{
    private readonly Queue<long> _restarts = new();

    /// <summary>False when one more would be above the budget.</summary>
    public bool TryRestart()
    {
        var now = time.GetTimestamp();
        while (_restarts.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) > budget.Within)
        {
            _restarts.Dequeue();
        }

        if (_restarts.Count >= budget.Restarts)
        {
            return false;
        }

        _restarts.Enqueue(now);
        return true;
    }
}
