using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>Records clips around events. Thread-safe.</summary>
public interface IClipRecorder : IAsyncDisposable
{
    /// <summary>Records a clip around a frame, once the time after it has passed. Returns at once and throws nothing.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="frame">Sequence number of the frame.</param>
    /// <param name="at">When it was taken.</param>
    /// <returns>False if there will be none.</returns>
    bool Request(string camera, long frame, DateTimeOffset at);
}

/// <summary>Cuts clips out of the rings and hands them to the history, one after the other. What a disk, a camera or ffmpeg does costs no
/// more than the clip.</summary>
public sealed partial class ClipRecorder : IClipRecorder
{
    private readonly ClipSettings _settings;
    private readonly ClipRings _rings;
    private readonly IHistory _history;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<Job> _jobs;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _work;
    private string? _fault;

    /// <param name="settings">Length and limits.</param>
    /// <param name="rings">The video of the cameras.</param>
    /// <param name="history">Stores the files. Not owned.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For clips that cannot be recorded.</param>
    public ClipRecorder(ClipSettings settings, ClipRings rings, IHistory history, TimeProvider time, ILogger<ClipRecorder> logger)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_settings, _rings, _history, _time, _logger) = (settings, rings, history, time, logger);
        _jobs = Channel.CreateBounded<Job>(new BoundedChannelOptions(settings.MaxWaiting) { SingleReader = true });
        _work = Task.Run(WorkAsync);
    }

    /// <inheritdoc/>
    public bool Request(string camera, long frame, DateTimeOffset at)
    {
        if (_rings.Find(camera) is not { } ring || !PlausibleTime.Includes(at))
        {
            return false;
        }

        var missing = ring.MissingReason;
        if (ring.IsFirstReport(missing is not null))
        {
            LogMissing(camera, missing!);
        }

        // By the monotonic clock: the other one may be set before the clip is cut.
        var taken = _time.GetTimestamp() - InTicks(_time.GetUtcNow() - at);
        return missing is null && _jobs.Writer.TryWrite(new Job(camera, frame, at, ring, taken));
    }

    /// <summary>Gives up what waits. May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        _jobs.Writer.TryComplete();
        await _ending.CancelAsync();
        await _work;
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (var job in _jobs.Reader.ReadAllAsync(_ending.Token))
            {
                var due = _time.GetElapsedTime(_time.GetTimestamp(), job.Taken) + _settings.After + ClipSettings.Settle;
                if (due > TimeSpan.Zero)
                {
                    await Task.Delay(due, _time, _ending.Token);
                }

                await RecordAsync(job);
            }
        }
        catch (OperationCanceledException stopping)
        {
            // What waits is given up.
            _ = stopping;
        }
    }

    private async Task RecordAsync(Job job)
    {
        string? fault;
        try
        {
            var clip = job.Ring.Cut(job.Taken - InTicks(_settings.Before), job.Taken, job.Taken + InTicks(_settings.After));
            fault = clip is null
                ? await DropAsync(job, "the camera sent no video at that time, or it was not in memory any more")
                : await StoreAsync(job, clip);
        }
        catch (Exception unavailable) when (unavailable is HistoryUnavailableException)
        {
            fault = unavailable.Message;
        }
        catch (Exception defect) when (defect is not OperationCanceledException)
        {
            LogBroken(defect, job.Camera);
            return;
        }

        if (fault is not null && fault != _fault && !_ending.IsCancellationRequested)
        {
            LogDropped(job.Camera, job.Frame, fault);
        }

        _fault = fault;
    }

    private async Task<string?> StoreAsync(Job job, CutClip clip)
    {
        if (await _history.BeginClipAsync(job.Camera, job.At, job.Frame, clip.Length, _ending.Token) is not { } file)
        {
            // The event was deleted, or has its clip already.
            return null;
        }

        var fault = await ClipFile.WriteAsync(clip, file, _settings, _ending.Token);
        await _history.EndClipAsync(job.Camera, job.At, job.Frame, isWritten: fault is null, CancellationToken.None);
        return fault;
    }

    private async Task<string?> DropAsync(Job job, string reason)
    {
        await _history.EndClipAsync(job.Camera, job.At, job.Frame, isWritten: false, CancellationToken.None);
        return reason;
    }

    private long InTicks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message =
        "Camera {Camera}: its events have no clips, because {Reason}. Its frames are answered as before. The page history.md says of which cameras clips can be recorded.")]
    private partial void LogMissing(string camera, string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message =
        "Camera {Camera}: the clip of the event at frame {Frame} was not recorded: {Reason}. Its snapshot is stored as before. This is logged once until a clip is recorded again.")]
    private partial void LogDropped(string camera, long frame, string reason);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message =
        "Camera {Camera}: a clip was not recorded because of a defect of this program. It continues. Please report this with the lines before it.")]
    private partial void LogBroken(Exception fault, string camera);

    private sealed record Job(string Camera, long Frame, DateTimeOffset At, ClipRing Ring, long Taken);
}
