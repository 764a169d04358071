namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Counts attempts and computes the pause between them: doubling up to a cap, with jitter so that a fleet of
/// devices does not come back all at once.</summary>
internal sealed class DownloadRetry(HubSettings settings)
{
    private int _failures;

    /// <summary>Records that data arrived, so the next failure counts as the first.</summary>
    public void Progressed() => _failures = 0;

    /// <summary>Waits before the next try.</summary>
    /// <exception cref="HubException">It has been tried often enough, or the server asks for too long a wait.</exception>
    public async Task WaitAsync(HubInterruptedException failure, CancellationToken cancel)
    {
        if (++_failures >= settings.Attempts)
        {
            throw new HubException(
                $"{failure.Message} Tried {_failures} times. Run the same command again later; it continues where this one stopped.",
                failure)
            {
                Reason = failure.Message,
            };
        }

        if (failure.RetryAfter > settings.LongestRetryAfter)
        {
            throw new HubException(
                $"{failure.Message} It asks to wait {failure.RetryAfter.Value:c}. Run the same command again after that.", failure)
            {
                Reason = failure.Message,
            };
        }

        var doubled = settings.FirstDelay * Math.Pow(2, Math.Min(_failures - 1, 20));
        var capped = doubled < settings.LongestDelay ? doubled : settings.LongestDelay;
#pragma warning disable CA5394 // Jitter is not a secret.
        var delay = capped * (0.5 + (Random.Shared.NextDouble() / 2));
#pragma warning restore CA5394
        await Task.Delay(failure.RetryAfter is { } asked && asked > delay ? asked : delay, cancel);
    }
}
