using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt;
using MobileVlm.Edge.Connectors.Mqtt.Asks;

namespace MobileVlm.Edge.Actors.Asks;

/// <summary>Something came to an <c>ask</c> topic.</summary>
/// <param name="Message">As it came.</param>
/// <param name="Camera">The camera in its topic, which need not exist; null on the node's own topic.</param>
internal sealed record AskCame(InboundMessage Message, string? Camera);

/// <summary>Tells everybody who still waits that this box stops, then stops the actor.</summary>
internal sealed record StopAsking
{
    public static readonly StopAsking Instance = new();
}

/// <summary>Where one-shot questions are put to a picture.</summary>
/// <param name="Lanes">One for each camera.</param>
/// <param name="Pictures">For pictures that come with their question.</param>
/// <param name="PictureToFrame">Decodes one.</param>
internal sealed record AskPlaces(
    Func<IReadOnlyList<CameraLane>> Lanes, PictureLane Pictures, Func<ReadOnlyMemory<byte>, Frame> PictureToFrame)
{
    /// <summary>Null when there is no such camera.</summary>
    public CameraLane? Camera(string name) => Lanes().FirstOrDefault(lane => lane.Plan.Id.Value == name);

    public bool IsKnown(string camera) => Camera(camera) is not null;
}

/// <summary>Takes every question that is asked once and gives each exactly one reply: an answer, or why there is none. Few
/// wait at a time; nobody is left in silence.</summary>
internal sealed partial class AskActor : ReceiveActor
{
    private readonly AskSettings _settings;
    private readonly AskPlaces _places;
    private readonly AskReplies _replies;
    private readonly AskReader _reader;
    private readonly IActorRef _publisher;
    private readonly AskCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IActorRef _self = Context.Self;
    private readonly Dictionary<OneShot, Pending> _pending = [];
    private TimeSpan _lastWait = TimeSpan.FromSeconds(1);

    public AskActor(
        AskSettings settings,
        AskPlaces places,
        AskReplies replies,
        IActorRef publisher,
        AskCounters counters,
        TimeProvider time,
        ILogger<AskActor> logger)
    {
        _settings = settings;
        _places = places;
        _replies = replies;
        _reader = new AskReader(settings.Limits);
        _publisher = publisher;
        _counters = counters;
        _time = time;
        _logger = logger;
        Receive<AskCame>(Came);
        Receive<Ended>(ended => WhilePending(ended.Question, pending => Over(pending, ended.End)));
        Receive<DeadlinePassed>(passed => WhilePending(passed.Question, Expired));
        Receive<StopAsking>(_ => Stop());
    }

    protected override void PostStop()
    {
        foreach (var pending in _pending.Values)
        {
            pending.Timer?.Dispose();
            Withdraw(pending);
        }
    }

    private void Came(AskCame came)
    {
        Take(_replies.Read(_reader, came, _time.GetTimestamp()));

        // Only now, so that whoever sees it counted knows that the next picture takes it along.
        _counters.Received.Increment();
    }

    private void Take(Asked asked)
    {
        if (asked.Request is not { } request)
        {
            Refuse(asked, asked.Fault ?? new AskFault(null, "the request could not be read"));
        }
        else if (!_settings.Enabled)
        {
            Refuse(asked, new AskFault(null, "this box takes no questions; Mqtt:Asks:Enabled is false"));
        }
        else if (_pending.Count >= _settings.MaxWaiting)
        {
            _counters.Busy.Increment();
            Say(_replies.Busy(asked, _lastWait));
        }
        else if (Place(asked, request) is { } fault)
        {
            Refuse(asked, fault);
        }
    }

    private void Refuse(Asked asked, AskFault fault)
    {
        _counters.Refused.Increment();
        LogRefused(asked.To.Topic, fault.Field, fault.Message);
        Say(_replies.Invalid(asked, fault));
    }

    /// <returns>Why it cannot be asked; null when it waits now.</returns>
    private AskFault? Place(Asked asked, AskRequest request)
    {
        OneShot? question = null;
        question = new OneShot(AskReplies.ToQuestion(request), end => _self.Tell(new Ended(question!, end)));
        CameraLane? lane = null;
        if (request.Picture is { } picture)
        {
            if (AddPicture(picture, question) is { } fault)
            {
                return fault;
            }
        }
        else
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

            lane.Ask(question);
        }

        _pending[question] = new Pending(
            asked, question, lane, _time.TellLater(_self, request.Deadline, new DeadlinePassed(question)));
        return null;
    }

    private AskFault? AddPicture(ReadOnlyMemory<byte> picture, OneShot question)
    {
        try
        {
            return _places.Pictures.Add(_places.PictureToFrame(picture), question)
                ? null
                : new AskFault(null, "this box is about to stop");
        }
        catch (StillPictureException fault)
        {
            return new AskFault("picture", $"\"picture\" cannot be used: {fault.Fault}");
        }
    }

    private void WhilePending(OneShot question, Action<Pending> react)
    {
        if (_pending.Remove(question, out var pending))
        {
            pending.Timer?.Dispose();
            react(pending);
        }
    }

    private void Over(Pending pending, OneShotEnd end)
    {
        _lastWait = _time.GetElapsedTime(pending.Asked.ArrivedAt);
        if (end.Answer is { } answer)
        {
            _counters.Answered.Increment();
            Say(_replies.Answered(pending.Asked, answer));
        }
        else
        {
            _counters.Failed.Increment();
            Say(_replies.Failed(pending.Asked, end.Reason));
        }
    }

    private void Expired(Pending pending)
    {
        Withdraw(pending);
        _counters.Expired.Increment();
        Say(_replies.Expired(pending.Asked, pending.Lane?.Counters.Online != false));
    }

    private void Withdraw(Pending pending)
    {
        pending.Question.Withdraw();
        pending.Lane?.Withdraw(pending.Question);
        _places.Pictures.Withdraw(pending.Question);
    }

    private void Stop()
    {
        foreach (var question in _pending.Keys.ToList())
        {
            WhilePending(question, pending =>
            {
                Withdraw(pending);
                Say(_replies.Failed(pending.Asked, "this box stops"));
            });
        }

        Context.Stop(Self);
    }

    private void Say(OutboundMessage reply) => _publisher.Tell(new SayOnce(reply));

    [LoggerMessage(Level = LogLevel.Debug, Message = "A question was refused ({Field}: {Reason}); said so to {Topic}.")]
    private partial void LogRefused(string topic, string? field, string reason);

    private sealed record Ended(OneShot Question, OneShotEnd End);

    private sealed record DeadlinePassed(OneShot Question);

    private sealed record Pending(Asked Asked, OneShot Question, CameraLane? Lane, ITimer? Timer);
}
