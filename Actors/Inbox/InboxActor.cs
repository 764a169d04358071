using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Asks;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors.Inbox;

/// <summary>Listens no more, tells everybody who still waits for an answer, then stops the actor.</summary>
internal sealed record StopListening
{
    public static readonly StopListening Instance = new();
}

/// <summary>Who acts on what came.</summary>
/// <param name="Asks">Makes the actor that takes questions.</param>
/// <param name="Publisher">Speaks to the broker.</param>
/// <param name="Switches">Which questions are asked.</param>
/// <param name="Devices">What Home Assistant knows.</param>
/// <param name="Plans">The cameras of this moment.</param>
internal sealed record InboxHelpers(
    Props Asks,
    IActorRef Publisher,
    QuestionSwitches Switches,
    DeviceAnnouncer Devices,
    Func<IReadOnlyList<CameraPlan>> Plans);

/// <summary>Reads what others say to this box, one message after the other, and gives it to whom it concerns. Trusts
/// nothing: too many commands are dropped, and a command that the broker kept is none.</summary>
internal sealed partial class InboxActor : ReceiveActor, IDisposable
{
    private readonly IMqttLink _link;
    private readonly Topics _topics;
    private readonly EdgeSettings _settings;
    private readonly InboxHelpers _helpers;
    private readonly MqttCounters _counters;
    private readonly RateLimit _limit;
    private readonly Func<double> _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _life = new();
    private readonly IActorRef _asks;
    private readonly HashSet<CommandKind> _warnedOfRetained = [];
    private ITimer? _afterBirth;

    public InboxActor(
        IMqttLink link,
        Topics topics,
        EdgeSettings settings,
        InboxHelpers helpers,
        MqttCounters counters,
        Func<double> random,
        TimeProvider time,
        ILogger<InboxActor> logger)
    {
        _link = link;
        _topics = topics;
        _settings = settings;
        _helpers = helpers;
        _counters = counters;
        _limit = new RateLimit(settings.Commands, time);
        _random = random;
        _time = time;
        _logger = logger;
        _asks = Context.ActorOf(helpers.Asks, "asks");
        Receive<Came>(came =>
        {
            Read(came.Message);
            ReadNext();
        });
        Receive<NothingMore>(_ => { });
        Receive<StopListening>(_ => Stop());
        Receive<Terminated>(_ => Context.Stop(Self));
    }

    protected override void PreStart() => ReadNext();

    protected override void PostStop()
    {
        _afterBirth?.Dispose();
        _life.Cancel();
    }

    /// <summary>Called by Akka after <see cref="PostStop"/>.</summary>
    public void Dispose() => _life.Dispose();

    // One at a time, so that what cannot be handled yet waits where it is bounded and not in a mailbox.
    private void ReadNext() => _link.Inbound.ReadAsync(_life.Token).AsTask().PipeTo(
        Self, success: message => new Came(message), failure: _ => NothingMore.Instance);

    private void Read(InboundMessage message)
    {
        var home = _settings.HomeAssistant;
        if (home.Enabled && message.Topic == home.BirthTopic)
        {
            SayAllAfterBirth(message);
        }
        else if (_topics.ReadCommand(message.Topic) is { } command)
        {
            Obey(command, message);
        }
        else if (message.Retained)
        {
            foreach (var removal in _helpers.Devices.Removals(message, _helpers.Plans()))
            {
                _helpers.Publisher.Tell(new SayOnce(removal));
            }
        }
    }

    private void SayAllAfterBirth(InboundMessage message)
    {
        // A retained one comes at each connect, where all is said anyway.
        if (!message.Retained && message.Text == _settings.HomeAssistant.BirthPayload)
        {
            _afterBirth?.Dispose();
            _afterBirth = _time.TellLater(
                _helpers.Publisher, _settings.HomeAssistant.AfterBirthWithin * _random(), SayAllAgain.Instance);
        }
    }

    private void Obey(MqttCommand command, InboundMessage message)
    {
        if (message.Retained)
        {
            // It would be obeyed again at each connect, long after whoever sent it has changed his mind.
            _counters.CommandsIgnored.Increment();
            if (_warnedOfRetained.Add(command.Kind))
            {
                LogRetained(message.Topic);
            }
        }
        else if (!_limit.TryPass())
        {
            _counters.CommandsIgnored.Increment();
        }
        else if (command.Kind == CommandKind.Ask)
        {
            _asks.Tell(new AskCame(message, command.Camera));
        }
        else
        {
            Switch(command, message.Text.Trim());
        }
    }

    private void Switch(MqttCommand command, string wanted)
    {
        bool? enabled = wanted.Equals("ON", StringComparison.OrdinalIgnoreCase) ? true
            : wanted.Equals("OFF", StringComparison.OrdinalIgnoreCase) ? false
            : null;
        var plan = _helpers.Plans().FirstOrDefault(it => it.Id.Value == command.Camera);
        if (enabled is { } on && plan is not null && _helpers.Switches.Set(plan.Id, command.Question!, on))
        {
            LogSwitched(plan.Id.Value, command.Question!, on ? "on" : "off");
        }
        else
        {
            _counters.CommandsIgnored.Increment();
            LogNotSwitched(command.Camera!, command.Question!);
        }

        if (plan?.Questions.Any(it => it.Id == command.Question) == true)
        {
            // Said even if nothing changed: whoever asked has already drawn the switch as he wants it.
            _helpers.Publisher.Tell(new SayEnabled(plan.Id, command.Question!));
        }
    }

    private void Stop()
    {
        _life.Cancel();
        Context.Watch(_asks);
        _asks.Tell(StopAsking.Instance);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A retained message to {Topic} is ignored, since it would come again at each connect. Send commands without retain, and clear it with an empty retained message.")]
    private partial void LogRetained(string topic);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Camera}: question '{Question}' was switched {State}.")]
    private partial void LogSwitched(string camera, string question, string state);

    [LoggerMessage(
        Level = LogLevel.Debug,
        Message = "A message to switch {Camera}/{Question} is ignored: no such question, or neither ON nor OFF.")]
    private partial void LogNotSwitched(string camera, string question);

    private sealed record Came(InboundMessage Message);

    private sealed record NothingMore
    {
        public static readonly NothingMore Instance = new();
    }
}
