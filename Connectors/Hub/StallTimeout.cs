namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Cancels one try when nothing happens for too long, or when the caller cancels.</summary>
internal sealed class StallTimeout : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _stall;

    public StallTimeout(TimeSpan stall, CancellationToken caller)
    {
        _stall = stall;
        _caller = caller;
        _source = CancellationTokenSource.CreateLinkedTokenSource(caller);
        Alive();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Data arrived: the time starts again.</summary>
    public void Alive() => _source.CancelAfter(_stall);

    /// <summary>Maps the exception of a network call to one that the caller should throw; null when it is not a network error.</summary>
    public Exception? Explain(Exception cause, string host) => _caller.IsCancellationRequested
        ? new OperationCanceledException(_caller)
        : cause switch
        {
            OperationCanceledException => new HubInterruptedException(
                $"{host} sent nothing for {_stall.TotalSeconds:0.#} s.", cause: cause),
            HttpRequestException or IOException => new HubInterruptedException(
                $"The connection to {host} failed: {(cause.InnerException ?? cause).Message.TrimEnd('.')}.", cause: cause),
            _ => null,
        };

    public void Dispose() => _source.Dispose();
}
