using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Actors.States;

/// <summary>Writes the state file on its own thread, each state only after the events in it are safe. Holds at most
/// the state that is being written and the newest one behind it. Thread-safe; outlives the actors.</summary>
/// <param name="store">Writes; skips a state that a later one has overtaken.</param>
/// <param name="logger">Logs a write that threw, which is a defect: the file handles disk errors itself.</param>
internal sealed partial class QuestionStateWriter(QuestionStateStore store, ILogger<QuestionStateWriter> logger)
{
    private readonly Lock _lock = new();
    private readonly ILogger _logger = logger;
    private (Task EventsSafe, PendingSave Due)? _next;
    private Task _running = Task.CompletedTask;
    private bool _isRunning;

    /// <summary>Returns at once. A state that still waits is replaced, because the newer one has all of it.</summary>
    /// <param name="eventsSafe">Ends, without failing, when the outbox has taken the events of this state.</param>
    /// <param name="due">What to write.</param>
    public void WriteAfter(Task eventsSafe, PendingSave due)
    {
        lock (_lock)
        {
            _next = (eventsSafe, due);
            if (!_isRunning)
            {
                _isRunning = true;
                _running = WriteAllAsync();
            }
        }
    }

    /// <summary>Completes when everything that was given so far is written; never while the disk hangs.</summary>
    public Task FlushAsync()
    {
        lock (_lock)
        {
            return _running;
        }
    }

    private async Task WriteAllAsync()
    {
        while (TakeNext() is var (eventsSafe, due))
        {
            await eventsSafe.ConfigureAwait(false);
            await Task.Factory.StartNew(
                () => Write(due), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
    }

    private (Task EventsSafe, PendingSave Due)? TakeNext()
    {
        lock (_lock)
        {
            var next = _next;
            _next = null;
            _isRunning = next is not null;
            return next;
        }
    }

    private void Write(PendingSave due)
    {
        try
        {
            store.Write(due);
        }
        catch (Exception fault)
        {
            LogNotWritten(fault);
        }
    }

    [LoggerMessage(EventId = 80, Level = LogLevel.Error, Message =
        "The states of the questions could not be written; the service continues and tries again at the next change.")]
    private partial void LogNotWritten(Exception fault);
}
