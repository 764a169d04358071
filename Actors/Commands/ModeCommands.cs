using System.Globalization;
using Akka.Actor;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>Carries out commands that switch the mode or snooze a question.</summary>
internal sealed class ModeCommands(CommandHelpers helpers)
{
    /// <summary>Makes a mode the current one. The mode is published in any case: the sender may already show another one.</summary>
    /// <returns>Why it is refused; null if it was obeyed.</returns>
    public CommandRefusal? SwitchMode(string payload)
    {
        var modes = helpers.States.Modes;
        CommandRefusal? refusal = modes.TrySet(payload.Trim()) ? null
            : modes.Names.Count == 0 ? new CommandRefusal("modes", "no modes are configured (MobileVlm:Modes)")
            : new CommandRefusal("payload", $"the mode '{SwitchText.Excerpt(payload)}' is not configured; configured are {string.Join(", ", modes.Names)}");
        helpers.Publisher.Tell(PublishMode.Instance, ActorRefs.NoSender);
        return refusal;
    }

    /// <summary>Holds the events of a question back, or ends that.</summary>
    /// <returns>Why it is refused; null if it was obeyed.</returns>
    public CommandRefusal? Snooze(MqttCommand command, string payload)
    {
        var plans = helpers.Plans();
        if (plans.FirstOrDefault(it => it.Id.Value == command.Camera) is not { } plan)
        {
            return CommandRefusal.UnknownCamera(command, plans);
        }

        if (plan.Questions.All(it => it.Id != command.Question))
        {
            return CommandRefusal.UnknownQuestion(command, plan);
        }

        if (SnoozedQuestions.ReadHours(payload.Trim()) is not { } length)
        {
            helpers.Publisher.Tell(new PublishSnooze(plan.Id, command.Question!), ActorRefs.NoSender);
            return new CommandRefusal("payload", string.Create(
                CultureInfo.InvariantCulture, $"'{SwitchText.Excerpt(payload)}' is not a number of hours; 0 to {SnoozedQuestions.MaxHours} would be accepted, and 0 ends it"));
        }

        // Publishes itself.
        return helpers.States.Snoozes.TrySet(plan.Id, command.Question!, length) ? null : CommandRefusal.UnknownQuestion(command, plan);
    }
}
