using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>A camera's view, to be published.</summary>
/// <param name="Camera">Whose.</param>
/// <param name="State">The view now.</param>
/// <param name="Before">JPEG of the last normal frame; null leaves what was published.</param>
/// <param name="After">JPEG of the frame that decided; null leaves what was published.</param>
internal sealed record ViewSeen(CameraId Camera, ViewState State, byte[]? Before, byte[]? After);

/// <summary>A camera source that examines the frames of another source. When that source keeps repeating one frame, it is opened
/// again within the same capture, so that the caller does not notice.</summary>
internal sealed partial class MonitoredSource : ICameraSource
{
    private readonly ICameraSource _source;
    private readonly CameraMonitor _monitor;
    private readonly CameraCounters _counters;
    private readonly Func<Frame, byte[]> _toJpeg;
    private readonly Action<ViewSeen> _publish;
    private readonly ILogger _logger;
    private Task _published = Task.CompletedTask;
    private bool _isAnnounced;

    /// <param name="source">Frames come from here.</param>
    /// <param name="monitor">Outlives this.</param>
    /// <param name="counters">Of the camera.</param>
    /// <param name="toJpeg">Called on a thread of the pool.</param>
    /// <param name="publish">Called for each change of the view, in order, and once when capturing begins; on any
    /// thread.</param>
    /// <param name="logger">Logs frozen connections and changes of the view.</param>
    public MonitoredSource(
        ICameraSource source,
        CameraMonitor monitor,
        CameraCounters counters,
        Func<Frame, byte[]> toJpeg,
        Action<ViewSeen> publish,
        ILogger<MonitoredSource> logger)
    {
        _source = source;
        _monitor = monitor;
        _counters = counters;
        _toJpeg = toJpeg;
        _publish = publish;
        _logger = logger;
    }

    /// <inheritdoc/>
    public CameraId Id => _source.Id;

    /// <inheritdoc/>
    public string Description => _source.Description;

    /// <inheritdoc/>
    public bool IsLive => _source.IsLive;

    /// <inheritdoc/>
    public async Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        if (!_isAnnounced)
        {
            // The broker may have kept another value from an earlier run.
            _isAnnounced = true;
            _publish(new ViewSeen(Id, _monitor.State, null, null));
        }

        for (var frames = 0L; ;)
        {
            var (end, isOpenedAgain) = await CaptureOnceAsync(deliver, cancel);
            frames += end.Frames;
            if (!isOpenedAgain)
            {
                return end with { Frames = frames };
            }

            _counters.Update(camera => camera.CaptureRestarts++);
        }
    }

    private async Task<(CaptureEnd End, bool IsOpenedAgain)> CaptureOnceAsync(Action<Frame> deliver, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var again = Task.CompletedTask;
        var isAsked = false;
        _monitor.Opened();
        try
        {
            var end = await _source.CaptureAsync(Pass, stop.Token);
            var isOpenedAgain = Volatile.Read(ref isAsked)
                && end.Kind == CaptureEndKind.Cancelled && !cancel.IsCancellationRequested;
            return (end, isOpenedAgain);
        }
        finally
        {
            await again;
        }

        // On the source's thread.
        void Pass(Frame frame)
        {
            var report = Examine(frame);
            deliver(frame);
            if (report.Freeze == FreezeDecision.OpenAgain)
            {
                Volatile.Write(ref isAsked, true);

                // Not synchronously: a cancellation callback may wait for this thread.
                again = stop.CancelAsync();
            }
        }
    }

    private SceneReport Examine(Frame frame)
    {
        try
        {
            var report = _monitor.Examine(frame, _source.IsLive);
            Notify(report);
            return report;
        }
        catch (Exception fault)
        {
            // A frame that cannot be examined can still be answered.
            LogNotExamined(fault, Id);
            return default;
        }
    }

    private void Notify(SceneReport report)
    {
        var sameFor = report.SameFor.TotalSeconds;
        switch (report.Freeze)
        {
            case FreezeDecision.OpenAgain:
                LogOpensAgain(Id, sameFor);
                break;
            case FreezeDecision.StillScene:
                LogStillScene(Id, FreezeMonitor.NextTryAfter.TotalMinutes);
                break;
            case FreezeDecision.WasFrozen:
                LogWasFrozen(Id, sameFor);
                break;
        }

        if (report.View is { } change)
        {
            Log(change);
            _published = PublishAsync(_published, change);
        }
    }

    private void Log(ViewChange change)
    {
        var (from, to) = (change.From.ToText(), change.To.ToText());
        if (change.To != ViewState.Normal)
        {
            LogNotNormal(Id, to, from);
        }
        else if (change.HasSettled)
        {
            LogSettled(Id);
        }
        else if (change.From != ViewState.Unknown)
        {
            LogNormal(Id, from);
        }
    }

    private async Task PublishAsync(Task earlier, ViewChange change)
    {
        using var before = change.Before;
        using var after = change.After;

        // One after the other, so that the last one published is the current one.
        await earlier;
        var pictures = await Task.Run(() => (Before: ToJpeg(before), After: ToJpeg(after)));
        _publish(new ViewSeen(Id, change.To, pictures.Before, pictures.After));
    }

    private byte[]? ToJpeg(Frame? frame)
    {
        try
        {
            return frame is null ? null : _toJpeg(frame);
        }
        catch (Exception fault)
        {
            // The state is published even without its frame.
            LogNoPicture(fault, Id);
            return null;
        }
    }

    [LoggerMessage(EventId = 80, Level = LogLevel.Information, Message =
        "{Camera}: the picture has been the same for {Seconds:0} s. The source is opened again to see whether its connection is frozen; answering continues.")]
    private partial void LogOpensAgain(CameraId camera, double seconds);

    [LoggerMessage(EventId = 81, Level = LogLevel.Warning, Message =
        "{Camera}: the connection was frozen: it repeated its picture for {Seconds:0} s, and a new connection shows another one. Frames are live again; if this happens often, update or restart the camera.")]
    private partial void LogWasFrozen(CameraId camera, double seconds);

    [LoggerMessage(EventId = 82, Level = LogLevel.Information, Message =
        "{Camera}: a new connection shows the same picture, so the scene is still. The next check is in {Minutes:0} min at the earliest.")]
    private partial void LogStillScene(CameraId camera, double minutes);

    [LoggerMessage(EventId = 83, Level = LogLevel.Warning, Message =
        "{Camera}: the view is {View}; it was {Before}. Look at the camera, or compare the pictures on its topics view/before and view/after.")]
    private partial void LogNotNormal(CameraId camera, string view, string before);

    [LoggerMessage(EventId = 84, Level = LogLevel.Information, Message = "{Camera}: the view is normal again; it was {Before}.")]
    private partial void LogNormal(CameraId camera, string before);

    [LoggerMessage(EventId = 85, Level = LogLevel.Information, Message =
        "{Camera}: the changed view has held for ViewSettlesAfter and is now the usual one.")]
    private partial void LogSettled(CameraId camera);

    [LoggerMessage(EventId = 86, Level = LogLevel.Error, Message =
        "{Camera}: a frame could not be examined for its view. It is answered all the same.")]
    private partial void LogNotExamined(Exception fault, CameraId camera);

    [LoggerMessage(EventId = 87, Level = LogLevel.Warning, Message =
        "{Camera}: a picture of its view could not be encoded. The view is published without it.")]
    private partial void LogNoPicture(Exception fault, CameraId camera);
}
