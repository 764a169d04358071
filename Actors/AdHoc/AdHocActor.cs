using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.AdHoc;

/// <summary>A message on an <c>ask</c> topic.</summary>
/// <param name="Message">The message as it arrived.</param>
/// <param name="Camera">The camera in its topic, which need not exist; null on the node's own topic.</param>
internal sealed record AdHocReceived(InboundMessage Message, string? Camera)
{
    /// <summary>The request is pending or replied to; handling it again has no effect.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>Tells the sender of each waiting question that the service stops, then stops the actor.</summary>
internal sealed record StopAdHoc
{
    public static readonly StopAdHoc Instance = new();
}

/// <summary>The intakes through which ad-hoc questions get frames.</summary>
/// <param name="Intakes">One for each camera.</param>
/// <param name="Uploads">For pictures that come with their question.</param>
/// <param name="Decoding">Decodes those.</param>
/// <param name="Remote">Whether other hosts, which have the model, can be reached; null where this host has it.</param>
internal sealed record AdHocContext(
    Func<IReadOnlyList<CameraIntake>> Intakes, UploadedFrameIntake Uploads, UploadDecodingQueue Decoding, RemoteEngine? Remote = null)
{
    /// <summary>Null when it is not configured.</summary>
    public CameraIntake? Camera(string name) => Intakes().FirstOrDefault(intake => intake.Configuration.Id.Value == name);

    public bool IsKnown(string camera) => Camera(camera) is not null;
}

/// <summary>Sends exactly one reply to every ad-hoc question: an answer, or why there is none. Few
/// wait at a time; every request gets a reply, also when this actor is restarted.</summary>
internal sealed partial class AdHocActor : RestartableActor
{
    private static readonly TimeSpan LogRefusedEvery = TimeSpan.FromMinutes(1);

    private readonly AdHocSettings _settings;
    private readonly PendingRequests _requests;
    private readonly AdHocContext _context;
    private readonly AdHocReplies _replies;
    private readonly AskParser _parser;
    private readonly IActorRef _publisher;
    private readonly Counters<AskStats> _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IActorRef _self = Context.Self;
    private readonly LogThrottle _refusedLog;

    public AdHocActor(
        AdHocSettings settings,
        PendingRequests requests,
        AdHocContext context,
        AdHocReplies replies,
        IActorRef publisher,
        Counters<AskStats> counters,
        TimeProvider time,
        ILogger<AdHocActor> logger)
        : base(requests.MessageRetry)
    {
        _settings = settings;
        _requests = requests;
        _context = context;
        _replies = replies;
        _parser = new AskParser(settings.Limits);
        _publisher = publisher;
        _counters = counters;
        _time = time;
        _logger = logger;
        _refusedLog = new LogThrottle(LogRefusedEvery, time);
        Receive<AdHocReceived>(Handle);
        Receive<Ended>(ended => WhilePending(ended.Question, pending => Over(pending, ended.End)));
        Receive<PictureUnusable>(unusable => WhilePending(unusable.Question, pending => Unusable(pending, unusable.Reason)));
        Receive<DeadlinePassed>(passed => WhilePending(passed.Question, Expired));
        Receive<StopAdHoc>(_ => Stop());
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
            case AdHocReceived { IsTaken: false } received:
                Reply(received, _replies.Failed(_replies.ReadIfPossible(_parser, received, _time.GetTimestamp()), reason));
                _counters.Update(asks => asks.Received++);
                _counters.Update(asks => asks.Failed++);
                break;
            case IAboutQuestion about:
                WhilePending(about.Question, pending => Fail(pending, reason));
                break;
        }
    }

    protected override void PostStop()
    {
        // These questions have no reply yet. A stop without this actor replies to them (DirectDisconnect).
        foreach (var pending in _requests.All)
        {
            Withdraw(pending);
        }
    }

    private void Handle(AdHocReceived received)
    {
        if (received.IsTaken)
        {
            return;
        }

        Take(received, _replies.Read(_parser, received, _time.GetTimestamp()));

        // Counted last: a question that was counted goes with the next frame.
        _counters.Update(asks => asks.Received++);
    }

    private void Take(AdHocReceived received, ReceivedRequest asked)
    {
        if (asked.Request is not { } request)
        {
            Refuse(received, asked, asked.Fault ?? new AskError(null, "the request could not be read"));
        }
        else if (!_settings.Enabled)
        {
            Refuse(received, asked, new AskError(null, "this device takes no questions; Mqtt:Asks:Enabled is false"));
        }
        else if (_requests.Count >= _settings.MaxWaiting)
        {
            Reply(received, _replies.Busy(asked, _requests.LastWait));
            _counters.Update(asks => asks.Busy++);
        }
        else if (_context.Remote?.MissingReason is { } missing)
        {
            Reply(received, _replies.Failed(asked, missing));
            _counters.Update(asks => asks.Failed++);
        }
        else if (request.Camera is { } camera && request.Picture is null && _context.Camera(camera)?.SuspensionReason is { } reason)
        {
            Reply(received, _replies.Failed(asked, reason));
            _counters.Update(asks => asks.Failed++);
        }
        else if (TryAsk(received, asked, request) is { } fault)
        {
            Refuse(received, asked, fault);
        }
    }

    private void Refuse(AdHocReceived received, ReceivedRequest asked, AskError fault)
    {
        Reply(received, _replies.Invalid(asked, fault));
        _counters.Update(asks => asks.Refused++);
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
    private AskError? TryAsk(AdHocReceived received, ReceivedRequest asked, AskRequest request)
    {
        CameraIntake? intake = null;
        if (request.Picture is null)
        {
            intake = _context.Camera(request.Camera ?? "");
            if (intake is null)
            {
                var known = string.Join(", ", _context.Intakes().Select(it => it.Configuration.Id));
                return new AskError(
                    "camera", $"\"camera\" '{request.Camera}' is not configured; {(known.Length == 0 ? "no camera is configured" : $"configured are {known}")}");
            }

            if (intake.IsDone)
            {
                return new AskError("camera", $"\"camera\" '{request.Camera}' has ended and gives no more pictures");
            }
        }

        AdHocQuestion? question = null;
        question = new AdHocQuestion(AdHocReplies.ToQuestion(request), end => _self.Tell(new Ended(question!, end)));
        var deadline = _time.SendAfter(_self, request.Deadline, new DeadlinePassed(question));

        // Nothing throws from here on: the question is either taken as a whole or not at all.
        _requests.Add(new PendingRequest(asked, question, intake, deadline));
        received.IsTaken = true;
        intake?.Ask(question);
        if (request.Picture is { } picture)
        {
            _context.Decoding.Add(picture, [question], reason => _self.Tell(new PictureUnusable(question, reason)));
        }

        return null;
    }

    private void WhilePending(AdHocQuestion question, Action<PendingRequest> react)
    {
        if (_requests.Find(question) is { } pending)
        {
            react(pending);
        }
    }

    private void Over(PendingRequest pending, AdHocResult end)
    {
        _requests.LastWait = _time.GetElapsedTime(pending.Asked.ArrivedAt);
        if (end.Answer is { } answer)
        {
            Reply(pending, _replies.Answered(pending.Asked, answer));
            _counters.Update(asks => asks.Answered++);
        }
        else
        {
            Fail(pending, end.Reason);
        }
    }

    private void Fail(PendingRequest pending, string reason)
    {
        Reply(pending, _replies.Failed(pending.Asked, reason));
        _counters.Update(asks => asks.Failed++);
    }

    private void Unusable(PendingRequest pending, string reason)
    {
        var fault = new AskError("picture", $"\"picture\" cannot be used: {reason}");
        Reply(pending, _replies.Invalid(pending.Asked, fault));
        _counters.Update(asks => asks.Refused++);
        LogRefused(pending.Asked.To.Topic, fault.Field, fault.Message);
    }

    private void Expired(PendingRequest pending)
    {
        Reply(pending, _replies.Expired(pending.Asked, pending.Intake?.Counters.Online != false));
        _counters.Update(asks => asks.Expired++);
    }

    private void Withdraw(PendingRequest pending)
    {
        pending.Question.Withdraw();
        pending.Intake?.Withdraw(pending.Question);
        _context.Uploads.Withdraw(pending.Question);
    }

    private void Stop()
    {
        foreach (var pending in _requests.All)
        {
            Reply(pending, _replies.Failed(pending.Asked, "this service stops"));
        }

        Context.Stop(Self);
    }

    // The reply is composed by now, so that a failure leaves the question waiting for it.
    private void Reply(PendingRequest pending, OutboundMessage reply)
    {
        _requests.Remove(pending);
        _publisher.Tell(new PublishOneTime(reply));
        Withdraw(pending);
    }

    private void Reply(AdHocReceived received, OutboundMessage reply)
    {
        received.IsTaken = true;
        _publisher.Tell(new PublishOneTime(reply));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A question was refused ({Field}: {Reason}); the refusal went to {Topic}.")]
    private partial void LogRefused(string topic, string? field, string reason);

    [LoggerMessage(EventId = 85, Level = LogLevel.Warning, Message =
        "A question requests its reply on the topic '{Requested}', which is refused: {Reason}. The refusal went to {Topic}. Allow the topic in Mqtt:Asks:ReplyPrefixes if its asker is yours (at most one line per minute for each topic; {Suppressed} more since the last one).")]
    private partial void LogReplyTopicRefused(string requested, string reason, string topic, long suppressed);

    [LoggerMessage(EventId = 86, Level = LogLevel.Error, Message =
        "The handling of questions failed twice at {Message}; the sender gets an error reply. Please report this with the lines before it.")]
    private partial void LogGivenUp(string message);

    private interface IAboutQuestion
    {
        AdHocQuestion Question { get; }
    }

    private sealed record Ended(AdHocQuestion Question, AdHocResult End) : IAboutQuestion;

    private sealed record PictureUnusable(AdHocQuestion Question, string Reason) : IAboutQuestion;

    private sealed record DeadlinePassed(AdHocQuestion Question) : IAboutQuestion;
}
