using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Connectors.Webhooks;

namespace MobileVlm.Edge.Actors.Publishing.Webhooks;

/// <summary>Delivers the events of one webhook, one at a time and in order: into its outbox first, and out of it once the receiver has it
/// or refuses it for good. A failed attempt is made again after a growing wait. Thread-safe.</summary>
internal sealed partial class WebhookDelivery : IAsyncDisposable
{
    /// <summary>Delivered ids that are remembered: an outbox that was too busy to remove an event returns it again.</summary>
    private const int MaxDelivered = 1024;

    /// <summary>A receiver that asks for a longer wait gets this one.</summary>
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    /// <summary>The wait after a defect of this program, and while the outbox does not return what it has and gets nothing new.</summary>
    private static readonly TimeSpan OutboxPause = TimeSpan.FromSeconds(10);

    private readonly WebhookParts _parts;
    private readonly MessageFactory _messages;
    private readonly ClockMonitor _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Backoff _backoff;
    private readonly LogThrottle _refusals;
    private readonly RecentIds _done = new(MaxDelivered);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _cancel = new();
    private readonly CancellationTokenSource _drain = new();
    private readonly Counters<WebhookStats> _stats = new(new WebhookStats());
    private Task _loop = Task.CompletedTask;
    private Task _stored = Task.CompletedTask;
    private long _failingSince;
    private bool _isFailing;

    /// <param name="parts">Owned.</param>
    /// <param name="messages">Names the topic by which the outbox orders events and counts lost ones.</param>
    /// <param name="clock">Corrects times.</param>
    /// <param name="random">Uniform in 0..1.</param>
    /// <param name="time">Paces retries.</param>
    /// <param name="logger">Logs outages and refusals.</param>
    public WebhookDelivery(
        WebhookParts parts, MessageFactory messages, ClockMonitor clock, Func<double> random, TimeProvider time, ILogger<WebhookDelivery> logger)
    {
        (_parts, _messages, _clock, _time, _logger) = (parts, messages, clock, time, logger);
        _backoff = new Backoff(parts.Retry, random);
        _refusals = new LogThrottle(TimeSpan.FromMinutes(1), time);
    }

    /// <summary>Its name in the configuration.</summary>
    public string Name => _parts.Name;

    /// <summary>The counters at this moment.</summary>
    public WebhookStats Stats
    {
        get
        {
            var outbox = _parts.Outbox.Stats;
            return _stats.Read(stats => stats with { }) with { Waiting = outbox.Rows, Dropped = outbox.DroppedForSpace + outbox.DroppedForAge };
        }
    }

    /// <summary>Begins to deliver what waits.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Takes an event, if the webhook is configured to get it. Called by one thread at a time.</summary>
    /// <returns>Completes once the outbox has this event and all before it; never fails and never waits for the receiver.</returns>
    public Task StoreAsync(EventPayload happened)
    {
        if (Wants(happened))
        {
            // The outbox takes events in order, so the last one completes last.
            _stored = StoreRequestedAsync(happened);
        }

        return _stored;
    }

    private async Task StoreRequestedAsync(EventPayload happened)
    {
        try
        {
            await _parts.Outbox.StoreAsync(new OutboxEvent(happened.Id, _messages.TopicOf(happened), MqttJson.Serialize(happened)));
        }
        catch (Exception fault)
        {
            LogNotStored(fault, Name, happened.Id);
        }

        Wake();
    }

    /// <summary>Delivers what waits as long as no attempt fails, then ends.</summary>
    /// <param name="limit">Gives up the attempt in progress; the event stays in the outbox.</param>
    public async Task StopAsync(CancellationToken limit)
    {
        await _drain.CancelAsync();
        await using (limit.Register(_cancel.Cancel))
        {
            await _loop;
        }
    }

    /// <summary>Closes the outbox. Call it after <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _drain.CancelAsync();
        await _cancel.CancelAsync();
        await _loop;
        await _parts.Outbox.DisposeAsync();
        _parts.Sender.Dispose();
    }

    private bool Wants(EventPayload happened) =>
        (_parts.Questions.Count == 0 || _parts.Questions.Any(pattern => pattern.Matches(happened.Camera, happened.Question)))
        && (_parts.States.Count == 0 || _parts.States.Contains(happened.To, StringComparer.OrdinalIgnoreCase));

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
            return;
        }
    }

    /// <summary>Completes at the next wake-up, at the one since the last call, at a stop or after the limit.</summary>
    private async Task AwakeAsync(TimeSpan limit)
    {
        using var after = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(after.Token, _drain.Token);
        await _wake.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync()
    {
        while (!_cancel.IsCancellationRequested)
        {
            try
            {
                if (await DeliverNextAsync() is not { } pause)
                {
                    return;
                }

                if (pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, _time, _drain.Token);
                }
            }
            catch (OperationCanceledException) when (_drain.IsCancellationRequested || _cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception defect)
            {
                LogDefect(defect, Name, OutboxPause.TotalSeconds);
                if (_drain.IsCancellationRequested)
                {
                    return;
                }

                await Task.Delay(OutboxPause, _time, _drain.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <returns>The wait before the next call; null at the end of a stop.</returns>
    private async Task<TimeSpan?> DeliverNextAsync()
    {
        // A disk that hangs must not hang the stop.
        if (await _parts.Outbox.OldestAsync(new HashSet<string>()).WaitAsync(_cancel.Token) is not { } waiting)
        {
            if (_drain.IsCancellationRequested)
            {
                return null;
            }

            // An event stored since the outbox was asked counts as a row too: its wake-up ends this wait, so it is not late.
            await AwakeAsync(_parts.Outbox.Stats.Rows > 0 ? OutboxPause : Timeout.InfiniteTimeSpan);
            return TimeSpan.Zero;
        }

        if (_done.Contains(waiting.Event.Id))
        {
            return await RemoveAsync(waiting);
        }

        if (EventCompletion.Read(waiting) is not { } happened)
        {
            LogUnreadable(Name, waiting.Event.Id);
            return await RemoveAsync(waiting);
        }

        var isLate = waiting.WaitedFor is not { } waited || waited > EventCompletion.LateAfter;
        var body = MqttJson.Serialize(EventCompletion.Complete(happened, waiting, isLate, _clock));
        var outcome = await _parts.Sender.SendAsync(waiting.Event.Id, body, _cancel.Token);
        switch (outcome.Kind)
        {
            case WebhookOutcomeKind.Delivered:
                Recovered();
                _stats.Update(stats => (stats.Delivered++, stats.LastFailure = null));
                return await RemoveAsync(waiting);
            case WebhookOutcomeKind.Refused:
                Recovered();
                _stats.Update(stats => (stats.Refused++, stats.LastFailure = outcome.Reason));
                ReportRefusal(waiting.Event.Id, outcome.Reason);
                return await RemoveAsync(waiting);
            case WebhookOutcomeKind.Failed:
                return _drain.IsCancellationRequested ? null : Failed(outcome);
            default:
                throw new InvalidOperationException($"The outcome {outcome.Kind} is not known.");
        }
    }

    private async Task<TimeSpan?> RemoveAsync(WaitingEvent waiting)
    {
        _done.Add(waiting.Event.Id);
        await _parts.Outbox.RemoveAsync(waiting.Event.Id).WaitAsync(_cancel.Token);
        return TimeSpan.Zero;
    }

    private TimeSpan Failed(WebhookOutcome outcome)
    {
        _stats.Update(stats => (stats.Failed++, stats.LastFailure = outcome.Reason));
        var wait = _backoff.Next();
        if (outcome.RetryAfter is { } asked && asked > wait)
        {
            wait = asked < MaxRetryAfter ? asked : MaxRetryAfter;
        }

        if (!_isFailing)
        {
            (_isFailing, _failingSince) = (true, _time.GetTimestamp());
            LogFailing(Name, _parts.Sender.Receiver, outcome.Reason, wait.TotalSeconds);
        }

        return wait;
    }

    private void Recovered()
    {
        _backoff.Reset();
        if (_isFailing)
        {
            _isFailing = false;
            var outage = _time.GetElapsedTime(_failingSince).TotalSeconds;
            LogRecovered(Name, _parts.Sender.Receiver, outage);
        }
    }

    private void ReportRefusal(string id, string reason)
    {
        if (_refusals.TryPass(reason, out var suppressed))
        {
            LogRefused(Name, _parts.Sender.Receiver, id, reason, suppressed);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message =
        "Webhook '{Name}': {Receiver} does not take events ({Reason}). They wait in order; trying again in {Seconds:0.0} s, then at growing intervals.")]
    private partial void LogFailing(string name, string receiver, string reason, double seconds);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Webhook '{Name}': {Receiver} accepts events again, after {Seconds:0} s.")]
    private partial void LogRecovered(string name, string receiver, double seconds);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message =
        "Webhook '{Name}': {Receiver} refused event {Id} ({Reason}). The event is dropped, and the next one is sent. Further refusals of this kind since the last such line: {Suppressed}.")]
    private partial void LogRefused(string name, string receiver, string id, string reason, long suppressed);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message =
        "Webhook '{Name}': event {Id} in the outbox was written by another version and cannot be read; it is dropped.")]
    private partial void LogUnreadable(string name, string id);

    [LoggerMessage(EventId = 80, Level = LogLevel.Error, Message =
        "Webhook '{Name}': event {Id} could not be stored and is lost. Please report this with the lines before it.")]
    private partial void LogNotStored(Exception fault, string name, string id);

    [LoggerMessage(EventId = 81, Level = LogLevel.Error, Message =
        "Webhook '{Name}' met a defect of this program; it continues in {Seconds:0} s. Please report this with the lines before it.")]
    private partial void LogDefect(Exception fault, string name, double seconds);
}
