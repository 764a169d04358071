using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Labels;

/// <summary>Reads and writes labels one after the other on the thread pool. A disk that does not answer holds one thread and fails the
/// requests; nothing else waits for it. Thread-safe.</summary>
/// <param name="files">The files; null without a state folder.</param>
/// <param name="time">For the limit.</param>
internal sealed class LabelDisk(LabelFiles? files, TimeProvider time)
{
    /// <summary>Requests that wait; more are refused.</summary>
    private const int MaxWaiting = 64;

    /// <summary>A disk that takes longer is reported as not answering.</summary>
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private int _waiting;

    /// <summary>Uses the files.</summary>
    /// <exception cref="HttpFailureException">They cannot be used.</exception>
    public async Task<T> UseAsync<T>(Func<LabelFiles, T> use, CancellationToken cancel)
    {
        if (files is null)
        {
            throw new HttpFailureException(
                409, "labels are kept over a restart, and nothing is kept here; set StateFolder in the configuration and restart the service", "no_state_folder");
        }

        try
        {
            return await Enqueue(() => use(files)).WaitAsync(AnswersWithin, time, cancel);
        }
        catch (TimeoutException)
        {
            throw NotAnswering();
        }
        catch (LabelLimitException full)
        {
            throw new HttpFailureException(409, $"{full.Message}; remove some with the label '{LabelRequest.Clear}', a few dozen of each answer suffice", "too_many_labels");
        }
        catch (Exception fault) when (fault is LabelStorageException or IOException or UnauthorizedAccessException)
        {
            throw new HttpFailureException(
                507, $"labels cannot be used, and nothing was changed: {fault.Message.TrimEnd('.')}; free space, or repair the disk or the permissions of '{files.FolderPath}'", "not_stored");
        }
    }

    private Task<T> Enqueue<T>(Func<T> use)
    {
        lock (_lock)
        {
            if (_waiting >= MaxWaiting)
            {
                throw NotAnswering();
            }

            _waiting++;
            var work = RunAsync(_last, use);
            _last = work;
            return work;
        }
    }

    private async Task<T> RunAsync<T>(Task previous, Func<T> use)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        try
        {
            return use();
        }
        finally
        {
            lock (_lock)
            {
                _waiting--;
            }
        }
    }

    private static HttpFailureException NotAnswering() =>
        HttpFailureException.Unavailable("labels cannot be used now: the disk does not answer", TimeSpan.FromSeconds(10));
}
