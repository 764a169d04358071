using System.Globalization;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>Carries out commands that switch the mode or snooze a question.</summary>
internal sealed class ChoiceCommands(CommandHelpers helpers)
{
    private const int MaxModeLength = 24;

    /// <summary>Makes a mode the current one. The mode is published in any case: the sender may already show another one.</summary>
    /// <returns>Why it is refused; null if it was obeyed.</returns>
    public string? SwitchMode(string payload)
    {
        var modes = helpers.States.Modes;
        var refusal = modes.TrySet(payload.Trim()) ? null
            : modes.Names.Count == 0 ? "no modes are configured (MobileVlm:Modes)"
            : $"'{SwitchText.Excerpt(payload, MaxModeLength)}' is not a mode; {string.Join(", ", modes.Names)} would be accepted";
        helpers.Publisher.Tell(PublishMode.Instance, Akka.Actor.ActorRefs.NoSender);
        return refusal;
    }

    /// <summary>Holds the events of a question back, or ends that.</summary>
    /// <returns>Why it is refused; null if it was obeyed.</returns>
    public string? Snooze(MqttCommand command, string payload)
    {
        var plan = helpers.Plans().FirstOrDefault(it => it.Id.Value == command.Camera);
        if (plan is null || plan.Questions.All(it => it.Id != command.Question))
        {
            return plan is null ? "there is no such camera" : "the camera has no such question";
        }

        if (SnoozedQuestions.ReadHours(payload.Trim()) is not { } length)
        {
            helpers.Publisher.Tell(new PublishSnooze(plan.Id, command.Question!), Akka.Actor.ActorRefs.NoSender);
            return string.Create(CultureInfo.InvariantCulture, $"'{SwitchText.Excerpt(payload)}' is not a number of hours; 0 to {SnoozedQuestions.MaxHours} would be accepted, and 0 ends it");
        }

        // Publishes itself.
        return helpers.States.Snoozes.TrySet(plan.Id, command.Question!, length) ? null : "the camera has no such question";
    }
}
