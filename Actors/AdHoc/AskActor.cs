using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.AdHoc;

/// <summary>Something came to an <c>ask</c> topic.</summary>
/// <param name="Message">As it came.</param>
/// <param name="Camera">The camera in its topic, which need not exist; null on the node's own topic.</param>
internal sealed record AskCame(InboundMessage Message, string? Camera)
{
    /// <summary>The request is pending or replied to; handling it again has no effect.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>Tells everybody who still waits that this box stops, then stops the actor.</summary>
internal sealed record StopAsking
{
    public static readonly StopAsking Instance = new();
}

/// <summary>Where one-shot questions are put to a picture.</summary>
/// <param name="Lanes">One for each camera.</param>
/// <param name="Pictures">For pictures that come with their question.</param>
/// <param name="Decoder">Decodes those.</param>
internal sealed record AskPlaces(Func<IReadOnlyList<CameraLane>> Lanes, PictureLane Pictures, PictureDecoder Decoder)
{
    /// <summary>Null when there is no such camera.</summary>
    public CameraLane? Camera(string name) => Lanes().FirstOrDefault(lane => lane.Plan.Id.Value == name);

    public bool IsKnown(string camera) => Camera(camera) is not null;
}

/// <summary>Takes every question that is asked once and gives each exactly one reply: an answer, or why there is none. Few
/// wait at a time; every request gets a reply, also when this actor is restarted.</summary>
internal sealed partial class AskActor : RestartableActor
{
    private static readonly TimeSpan LogRefusedEvery = TimeSpan.FromMinutes(1);

    private readonly AskSettings _settings;
    private readonly AskRequests _requests;
    private readonly AskPlaces _places;
    private readonly AskReplies _replies;
    private readonly AskReader _reader;
    private readonly IActorRef _publisher;
    private readonly AskCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IActorRef _self = Context.Self;
    private readonly LogThrottle _refusedLog;

    public AskActor(
        AskSettings settings,
        AskRequests requests,
        AskPlaces places,
        AskReplies replies,
        IActorRef publisher,
        AskCounters counters,
        TimeProvider time,
        ILogger<AskActor> logger)
        : base(requests.Memory)
    {
        _settings = settings;
        _requests = requests;
        _places = places;
        _replies = replies;
        _reader = new AskReader(settings.Limits);
        _publisher = publisher;
        _counters = counters;
        _time = time;
        _logger = logger;
        _refusedLog = new LogThrottle(LogRefusedEvery, time);
        Receive<AskCame>(Came);
        Receive<Ended>(ended => WhilePending(ended.Question, pending => Over(pending, ended.End)));
        Receive<PictureUnusable>(unusable => WhilePending(unusable.Question, pending => Unusable(pending, unusable.Reason)));
        Receive<DeadlinePassed>(passed => WhilePending(passed.Question, Expired));
        Receive<StopAsking>(_ => Stop());
    }

    /// <inheritdoc/>
    protected override void Resume()
    {
        // Deadlines keep running, and the pending questions outlive this instance.
    }

    /// <inheritdoc/>
    protected override void GiveUp(object message)
    {
        LogGivenUp(message.GetType().Name);
        const string reason = "the service could not handle this question";
        switch (message)
        {
            case AskCame { IsTaken: false } came:
                Say(came, _replies.Failed(_replies.ReadIfPossible(_reader, came, _time.GetTimestamp()), reason));
                _counters.Received.Increment();
                _counters.Failed.Increment();
                break;
            case IAboutQuestion about:
                WhilePending(about.Question, pending => Fail(pending, reason));
                break;
        }
    }

    protected override void PostStop()
    {
        // These questions have no reply yet. A stop without this actor replies to them (DirectGoodbye).
        foreach (var pending in _requests.All)
        {
            Withdraw(pending);
        }
    }

    private void Came(AskCame came)
    {
        if (came.IsTaken)
        {
            return;
        }

        Take(came, _replies.Read(_reader, came, _time.GetTimestamp()));

        // Only now, so that whoever sees it counted knows that the next picture takes it along.
        _counters.Received.Increment();
    }

    private void Take(AskCame came, Asked asked)
    {
        if (asked.Request is not { } request)
        {
            Refuse(came, asked, asked.Fault ?? new AskFault(null, "the request could not be read"));
        }
        else if (!_settings.Enabled)
        {
            Refuse(came, asked, new AskFault(null, "this box takes no questions; Mqtt:Asks:Enabled is false"));
        }
        else if (_requests.Count >= _settings.MaxWaiting)
        {
            Say(came, _replies.Busy(asked, _requests.LastWait));
            _counters.Busy.Increment();
        }
        else if (request.Camera is { } camera && request.Picture is null && _places.Camera(camera)?.HeldBack is { } reason)
        {
            Say(came, _replies.Failed(asked, reason));
            _counters.Failed.Increment();
        }
        else if (Place(came, asked, request) is { } fault)
        {
            Refuse(came, asked, fault);
        }
    }

    private void Refuse(AskCame came, Asked asked, AskFault fault)
    {
        Say(came, _replies.Invalid(asked, fault));
        _counters.Refused.Increment();
        if (asked.RefusedTopic is not { } refused)
        {
            LogRefused(asked.To.Topic, fault.Field, fault.Message);
        }
        else if (_refusedLog.TryPass(refused, out var suppressed))
        {
            LogReplyTopicRefused(refused, fault.Message, asked.To.Topic, suppressed);
        }
    }

    /// <returns>Why it cannot be asked; null when it waits now.</returns>
    private AskFault? Place(AskCame came, Asked asked, AskRequest request)
    {
        CameraLane? lane = null;
        if (request.Picture is null)
        {
            lane = _places.Camera(request.Camera ?? "");
            if (lane is null)
            {
                var known = string.Join(", ", _places.Lanes().Select(it => it.Plan.Id));
                return new AskFault("camera", $"\"camera\" '{request.Camera}' is not known; there are {known}");
            }

            if (lane.IsDone)
            {
                return new AskFault("camera", $"\"camera\" '{request.Camera}' has ended and gives no more pictures");
            }
        }

        OneShot? question = null;
        question = new OneShot(AskReplies.ToQuestion(request), end => _self.Tell(new Ended(question!, end)));
        var deadline = _time.TellLater(_self, request.Deadline, new DeadlinePassed(question));

        // From here on nothing throws: the question is either taken as a whole or not at all.
        _requests.Add(new PendingAsk(asked, question, lane, deadline));
        came.IsTaken = true;
        lane?.Ask(question);
        if (request.Picture is { } picture)
        {
            _places.Decoder.Add(picture, question, reason => _self.Tell(new PictureUnusable(question, reason)));
        }

        return null;
    }

    private void WhilePending(OneShot question, Action<PendingAsk> react)
    {
        if (_requests.Find(question) is { } pending)
        {
            react(pending);
        }
    }

    private void Over(PendingAsk pending, OneShotEnd end)
    {
        _requests.LastWait = _time.GetElapsedTime(pending.Asked.ArrivedAt);
        if (end.Answer is { } answer)
        {
            Say(pending, _replies.Answered(pending.Asked, answer));
            _counters.Answered.Increment();
        }
        else
        {
            Fail(pending, end.Reason);
        }
    }

    private void Fail(PendingAsk pending, string reason)
    {
        Say(pending, _replies.Failed(pending.Asked, reason));
        _counters.Failed.Increment();
    }

    private void Unusable(PendingAsk pending, string reason)
    {
        var fault = new AskFault("picture", $"\"picture\" cannot be used: {reason}");
        Say(pending, _replies.Invalid(pending.Asked, fault));
        _counters.Refused.Increment();
        LogRefused(pending.Asked.To.Topic, fault.Field, fault.Message);
    }

    private void Expired(PendingAsk pending)
    {
        Say(pending, _replies.Expired(pending.Asked, pending.Lane?.Counters.Online != false));
        _counters.Expired.Increment();
    }

    private void Withdraw(PendingAsk pending)
    {
        pending.Question.Withdraw();
        pending.Lane?.Withdraw(pending.Question);
        _places.Pictures.Withdraw(pending.Question);
    }

    private void Stop()
    {
        foreach (var pending in _requests.All)
        {
            Say(pending, _replies.Failed(pending.Asked, "this box stops"));
        }

        Context.Stop(Self);
    }

    // The reply is composed by now, so that a failure leaves the question waiting for it.
    private void Say(PendingAsk pending, OutboundMessage reply)
    {
        _requests.Remove(pending);
        _publisher.Tell(new SayOnce(reply));
        Withdraw(pending);
    }

    private void Say(AskCame came, OutboundMessage reply)
    {
        came.IsTaken = true;
        _publisher.Tell(new SayOnce(reply));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A question was refused ({Field}: {Reason}); said so to {Topic}.")]
    private partial void LogRefused(string topic, string? field, string reason);

    [LoggerMessage(EventId = 85, Level = LogLevel.Warning, Message =
        "A question wants its reply on the topic '{Wanted}', which is refused: {Reason}. The refusal went to {Topic}. Allow the topic in Mqtt:Asks:ReplyPrefixes if its asker is yours (at most one line a minute for each topic; {Suppressed} more since the last one).")]
    private partial void LogReplyTopicRefused(string wanted, string reason, string topic, long suppressed);

    [LoggerMessage(EventId = 86, Level = LogLevel.Error, Message =
        "The handling of questions failed twice at {Message}; the sender gets an error reply.")]
    private partial void LogGivenUp(string message);

    private interface IAboutQuestion
    {
        OneShot Question { get; }
    }

    private sealed record Ended(OneShot Question, OneShotEnd End) : IAboutQuestion;

    private sealed record PictureUnusable(OneShot Question, string Reason) : IAboutQuestion;

    private sealed record DeadlinePassed(OneShot Question) : IAboutQuestion;
}
