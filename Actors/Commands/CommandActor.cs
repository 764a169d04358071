using Akka.Actor;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>Stops reading, then stops the actor.</summary>
internal sealed record StopCommands
{
    public static readonly StopCommands Instance = new();
}

/// <summary>The receivers of commands.</summary>
/// <param name="AdHoc">Takes ad-hoc questions.</param>
/// <param name="Publisher">Publishes to the broker.</param>
/// <param name="States">Which questions are asked, the mode, and snoozes.</param>
/// <param name="Devices">Announces devices to Home Assistant.</param>
/// <param name="Plans">The cameras of this moment.</param>
/// <param name="Labels">Labels stored frames.</param>
internal sealed record CommandHelpers(
    IActorRef AdHoc,
    IActorRef Publisher,
    QuestionStates States,
    DeviceAnnouncer Devices,
    Func<IReadOnlyList<CameraConfiguration>> Plans,
    LabelService Labels);

/// <summary>Reads commands from the broker, one message after the other, and passes each to the actor that it is for. Trusts
/// nothing: commands above the rate limit are dropped, and retained ones are ignored.</summary>
internal sealed partial class CommandActor : RestartableActor
{
    private readonly IMqttLink _link;
    private readonly NodeTopics _topics;
    private readonly EdgeSettings _settings;
    private readonly CommandHelpers _helpers;
    private readonly ModeCommands _modes;
    private readonly LabelCommands _labels;
    private readonly MqttCounters _counters;
    private readonly CommandReaderState _state;
    private readonly Func<double> _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public CommandActor(
        CommandReaderState state,
        IMqttLink link,
        NodeTopics topics,
        EdgeSettings settings,
        CommandHelpers helpers,
        MqttCounters counters,
        Func<double> random,
        TimeProvider time,
        ILogger<CommandActor> logger)
        : base(state.MessageRetry)
    {
        _state = state;
        _link = link;
        _topics = topics;
        _settings = settings;
        _helpers = helpers;
        _modes = new ModeCommands(helpers);
        _labels = new LabelCommands(helpers, settings, topics);
        _counters = counters;
        _random = random;
        _time = time;
        _logger = logger;
        Receive<Received>(received =>
        {
            if (ReferenceEquals(received.Reading, _state.PendingRead))
            {
                _state.PendingRead = null;
            }

            Read(received);
            ReadNext();
        });
        Receive<ReadingEnded>(_ => { });
        Receive<LabelHandled>(handled =>
        {
            _state.LabelsInProgress--;
            Finish(handled);
        });
        Receive<StopCommands>(_ => Context.Stop(Self));
    }

    /// <inheritdoc/>
    protected override void Resume() => ReadNext();

    /// <inheritdoc/>
    protected override void GiveUp(object message)
    {
        LogGivenUp();
        if (message is Received received && !received.Message.Retained
            && _topics.ReadCommand(received.Message.Topic) is { Kind: CommandKind.Ask } ask)
        {
            // Each request gets a reply.
            Ask(ask, received);
        }
    }

    protected override void PostStop() => _state.End();

    // One at a time, so that what cannot be handled yet waits where it is bounded and not in a mailbox.
    private void ReadNext()
    {
        if (_state.PendingRead is not null)
        {
            return;
        }

        var message = _link.Inbound.ReadAsync(_state.Life).AsTask();
        var reading = new object();
        _state.PendingRead = reading;
        message.PipeTo(Self, success: received => new Received(received, reading), failure: _ => ReadingEnded.Instance);
    }

    private void Read(Received received)
    {
        var message = received.Message;
        var home = _settings.HomeAssistant;
        if (home.Enabled && message.Topic == home.BirthTopic)
        {
            PublishAllAfterBirth(message);
        }
        else if (_topics.ReadCommand(message.Topic) is { } command)
        {
            Handle(command, received);
        }
        else if (message.Retained)
        {
            foreach (var removal in _helpers.Devices.Removals(message, _helpers.Plans()))
            {
                _helpers.Publisher.Tell(new PublishOneTime(removal));
            }
        }
    }

    private void PublishAllAfterBirth(InboundMessage message)
    {
        // A retained one comes at each connect, when everything is published anyway.
        if (!message.Retained && message.Text == _settings.HomeAssistant.BirthPayload)
        {
            _state.RepublishTimer?.Dispose();
            _state.RepublishTimer = _time.SendAfter(
                _helpers.Publisher, _settings.HomeAssistant.AfterBirthWithin * _random(), PublishAllAgain.Instance);
        }
    }

    private void Handle(MqttCommand command, Received received)
    {
        var message = received.Message;
        if (message.Retained)
        {
            // It would be obeyed again at each connect, long after its sender intended it.
            _counters.Update(mqtt => mqtt.CommandsIgnored++);
            if (_state.WarnedOfRetained.Add(command.Kind))
            {
                LogRetained(message.Topic);
            }
        }
        else if (!_state.Limit.TryPass())
        {
            _counters.Update(mqtt => mqtt.CommandsIgnored++);
        }
        else
        {
            CarryOut(command, received);
        }
    }

    private void CarryOut(MqttCommand command, Received received)
    {
        CommandRefusal? refusal = null;
        switch (command.Kind)
        {
            case CommandKind.Ask:
                Ask(command, received);
                break;
            case CommandKind.Enable:
                refusal = Switch(command, received.Message.Text);
                break;
            case CommandKind.Mode:
                refusal = _modes.SwitchMode(received.Message.Text);
                break;
            case CommandKind.Snooze:
                refusal = _modes.Snooze(command, received.Message.Text);
                break;
            case CommandKind.Label:
                Label(command, received.Message);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(command), command.Kind, "Commands of this kind are not carried out.");
        }

        if (refusal is { } refused)
        {
            Refuse(command, refused);
        }
    }

    // The same object each time, so that the receiver recognises it.
    private void Ask(MqttCommand command, Received received) =>
        _helpers.AdHoc.Tell(received.Ask ??= new AdHocReceived(received.Message, command.Camera));

    private void Label(MqttCommand command, InboundMessage message)
    {
        if (_state.LabelsInProgress >= CommandReaderState.MaxLabelsInProgress)
        {
            Finish(_labels.Refused(command, message, "too many labels wait for the disk; send it again"));
            return;
        }

        _state.LabelsInProgress++;
        _labels.HandleAsync(command, message, _state.Life).PipeTo(Self);
    }

    private void Finish(LabelHandled handled)
    {
        _helpers.Publisher.Tell(new PublishOneTime(handled.Reply));
        if (handled.Refusal is { } refusal)
        {
            Refuse(handled.Command, refusal);
        }
    }

    /// <returns>Why it is refused; null if it was obeyed.</returns>
    private CommandRefusal? Switch(MqttCommand command, string payload)
    {
        var plans = _helpers.Plans();
        if (plans.FirstOrDefault(it => it.Id.Value == command.Camera) is not { } plan)
        {
            return CommandRefusal.UnknownCamera(command, plans);
        }

        if (plan.Questions.All(it => it.Id != command.Question))
        {
            return CommandRefusal.UnknownQuestion(command, plan);
        }

        CommandRefusal? refusal = null;
        if (SwitchText.Read(payload) is not { } enabled)
        {
            refusal = new CommandRefusal("payload", $"'{SwitchText.Excerpt(payload)}' is not ON or OFF (true, false, 1 and 0 are taken as well, in any case)");
        }
        else if (_helpers.States.Switches.Set(plan.Id, command.Question!, enabled))
        {
            LogSwitched(plan.Id.Value, command.Question!, enabled ? "on" : "off");
        }
        else
        {
            refusal = CommandRefusal.UnknownQuestion(command, plan);
        }

        // Published even if nothing changed: the sender may already show the switch in its new position.
        _helpers.Publisher.Tell(new PublishEnabled(plan.Id, command.Question!));
        return refusal;
    }

    // Otherwise anybody who may write to the topic could fill the log.
    private void Refuse(MqttCommand command, CommandRefusal refusal)
    {
        if (_state.RefusedLog.TryPass($"{command.Kind}: {refusal.Key}", out var suppressed))
        {
            var question = SwitchText.Excerpt($"{command.Camera}/{command.Question}", CommandRefusal.LongestName);
            if (command.Kind == CommandKind.Enable)
            {
                LogNotSwitched(question, refusal.Reason, suppressed);
            }
            else
            {
                LogOverrideRefused(
                    command.Kind == CommandKind.Mode ? "switch the mode" : $"{(command.Kind == CommandKind.Label ? "label a frame for" : "snooze")} '{question}'",
                    refusal.Reason,
                    suppressed);
            }
        }

        _counters.Update(mqtt => mqtt.CommandsIgnored++);
    }

    [LoggerMessage(
        EventId = 1,
        Level = LogLevel.Warning,
        Message = "A retained message to {Topic} is ignored, because it would come again at each connect. Send commands without retain, and clear it with an empty retained message.")]
    private partial void LogRetained(string topic);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "{Camera}/{Question}: switched {State}.")]
    private partial void LogSwitched(string camera, string question, string state);

    [LoggerMessage(EventId = 89, Level = LogLevel.Warning, Message =
        "A command to switch '{Question}' is refused and nothing is changed: {Reason}. Further refusals of this kind since the last such line: {Suppressed}.")]
    private partial void LogNotSwitched(string question, string reason, long suppressed);

    [LoggerMessage(EventId = 90, Level = LogLevel.Warning, Message =
        "A command to {Action} is refused and nothing is changed: {Reason}. Further refusals of this kind since the last such line: {Suppressed}.")]
    private partial void LogOverrideRefused(string action, string reason, long suppressed);

    [LoggerMessage(EventId = 87, Level = LogLevel.Error, Message =
        "The reader of commands failed twice at one message and ignores it. Please report this with the lines before it.")]
    private partial void LogGivenUp();

    private sealed record Received(InboundMessage Message, object Reading)
    {
        public AdHocReceived? Ask { get; set; }
    }

    private sealed record ReadingEnded
    {
        public static readonly ReadingEnded Instance = new();
    }
}
