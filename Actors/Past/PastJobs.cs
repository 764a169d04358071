using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>The jobs on the past: one runs at a time, and the last few of each kind are kept until the service stops. Thread-safe.</summary>
/// <param name="logger">Logs what nobody expected.</param>
internal sealed partial class PastJobs(ILogger<PastJobs> logger)
{
    /// <summary>Jobs of each kind that are kept.</summary>
    public const int MaxKept = 4;

    private readonly ILogger _logger = logger;
    private readonly Lock _lock = new();
    private readonly List<PastJob> _jobs = [];
    private Task _running = Task.CompletedTask;
    private bool _isStopped;

    /// <summary>The jobs of a kind, newest first.</summary>
    public IReadOnlyList<TJob> Of<TJob>()
        where TJob : PastJob
    {
        lock (_lock)
        {
            return [.. _jobs.OfType<TJob>().Reverse()];
        }
    }

    /// <summary>The job of an id.</summary>
    /// <exception cref="HttpFailureException">There is none.</exception>
    public TJob Find<TJob>(string id)
        where TJob : PastJob =>
        Of<TJob>().FirstOrDefault(job => job.Id == id)
        ?? throw HttpFailureException.NotFound(FormattableString.Invariant($"this id is not known; the last {MaxKept} are kept until the service stops"));

    /// <summary>Fails unless a job can be started now.</summary>
    /// <exception cref="HttpFailureException">Another one runs, or the service stops.</exception>
    public void CheckFree()
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                throw HttpFailureException.Unavailable("the service stops", TimeSpan.FromSeconds(10));
            }

            if (_jobs.Find(job => job.IsRunning) is { } running)
            {
                throw new HttpFailureException(
                    409,
                    FormattableString.Invariant($"'{running.Id}' still runs, and only one try-out or explanation runs at a time; wait for it, or cancel it with DELETE"),
                    "job_running");
            }
        }
    }

    /// <summary>Starts a job.</summary>
    /// <exception cref="HttpFailureException">Another one runs, or the service stops.</exception>
    public TJob Start<TJob>(TJob job)
        where TJob : PastJob
    {
        lock (_lock)
        {
            CheckFree();
            _jobs.Add(job);
            foreach (var old in _jobs.OfType<TJob>().SkipLast(MaxKept).ToList())
            {
                _jobs.Remove(old);
            }

            _running = Task.Run(() => RunAsync(job));
        }

        return job;
    }

    /// <summary>Cancels a job that runs, or forgets one that has ended.</summary>
    public void End(PastJob job)
    {
        lock (_lock)
        {
            if (job.IsRunning)
            {
                job.Cancel();
            }
            else
            {
                _jobs.Remove(job);
            }
        }
    }

    /// <summary>Starts no more jobs and cancels the one that runs; done when it has ended.</summary>
    public Task StopAsync()
    {
        lock (_lock)
        {
            _isStopped = true;
            _jobs.ForEach(job => job.Cancel());
            return _running;
        }
    }

    private async Task RunAsync(PastJob job)
    {
        var fault = await job.RunAsync();
        if (fault is not null)
        {
            LogFailed(fault, job.Id, LogText.WithoutStop(fault.Message));
        }

        // Not within the call that cancelled it.
        await Task.Yield();
        job.Dispose();
    }

    [LoggerMessage(EventId = 80, Level = LogLevel.Warning, Message =
        "The try-out or explanation {Id} failed: {Reason}. The questions of the cameras are not affected.")]
    private partial void LogFailed(Exception fault, string id, string reason);
}
