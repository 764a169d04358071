using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <content>The questions of a camera.</content>
public sealed partial class DeviceMessage
{
    // The only type of events whose states are not a closed set: Home Assistant accepts only types that were announced.
    private const string Changed = "changed";

    /// <summary>Keys begin with what they are, so that no name of a question can meet another's.</summary>
    private IEnumerable<AnnouncedComponent> Entities(AnnouncedCamera camera, AnnouncedQuestion question)
    {
        yield return State(camera.Id, question);
        yield return new AnnouncedComponent($"enabled_{question.Id}", $"ask {question.Id}", new JsonObject
        {
            ["platform"] = "switch",
            ["name"] = $"Ask: {question.Id}",
            ["state_topic"] = topics.Enabled(camera.Id, question.Id),
            ["command_topic"] = topics.EnabledSet(camera.Id, question.Id),
            ["payload_on"] = "ON",
            ["payload_off"] = "OFF",
            ["entity_category"] = "config",
            ["availability"] = new JsonArray(At(topics.Availability)),
        });
        foreach (var snooze in Snooze(camera.Id, question.Id))
        {
            yield return snooze;
        }

        if (question.Type is AnswerType.YesNo or AnswerType.Choice)
        {
            var score = Diagnostic(
                $"score_{question.Id}", $"{question.Id} score", $"Score: {question.Id}", topics.Answer(camera.Id, question.Id), "{{ value_json.score }}");
            score.Json["state_class"] = "measurement";
            score.Json["enabled_by_default"] = false;
            yield return score;
        }

        if (question.IsTaught)
        {
            var of = $"value_json.cameras['{camera.Id}'].questions['{question.Id}'].taughtDrift";
            yield return new AnnouncedComponent($"drift_{question.Id}", $"{question.Id} drift", new JsonObject
            {
                ["platform"] = "binary_sensor",
                ["name"] = $"Drift: {question.Id}",
                ["state_topic"] = topics.Stats,
                ["value_template"] = $"{{{{ {{'drifted': 'ON', 'none': 'OFF'}}.get({of}.state, 'None') }}}}",
                ["device_class"] = BinarySensorClasses.Problem,
                ["entity_category"] = "diagnostic",
                ["availability"] = new JsonArray(At(topics.Availability)),
            });
        }

        if (question.HasEvents)
        {
            foreach (var happened in Events(camera, question))
            {
                yield return happened;
            }
        }
    }

    private AnnouncedComponent State(string camera, AnnouncedQuestion question)
    {
        var state = new JsonObject
        {
            ["platform"] = question.Type == AnswerType.YesNo ? "binary_sensor" : "sensor",
            ["name"] = question.Id,
            ["state_topic"] = topics.State(camera, question.Id),
            ["value_template"] = UnknownAsNone,
            ["json_attributes_topic"] = topics.Answer(camera, question.Id),
        };
        switch (question.Type)
        {
            case AnswerType.YesNo:
                state["payload_on"] = "yes";
                state["payload_off"] = "no";
                if (question.DeviceClass is { } deviceClass)
                {
                    state["device_class"] = deviceClass;
                }

                break;
            case AnswerType.Choice:
                state["device_class"] = "enum";
                state["options"] = new JsonArray([.. question.Choices.Select(it => (JsonNode)it)]);
                break;
            case AnswerType.Number:
                state["state_class"] = "measurement";
                if (question.Unit is { } unit)
                {
                    state["unit_of_measurement"] = unit;
                }

                break;
            case AnswerType.Text:
                break;
            default:
                throw new InvalidOperationException($"{question.Type} has no entity.");
        }

        return new AnnouncedComponent($"question_{question.Id}", question.Id, state);
    }

    private IEnumerable<AnnouncedComponent> Events(AnnouncedCamera camera, AnnouncedQuestion question)
    {
        // Home Assistant takes the type of an event from the member event_type and shows all other members as attributes.
        var isClosed = question.EventStates.Count > 0;
        yield return new AnnouncedComponent($"event_{question.Id}", question.Id, new JsonObject
        {
            ["platform"] = "event",
            ["name"] = $"Event: {question.Id}",
            ["state_topic"] = topics.Event(camera.Id, question.Id),
            ["event_types"] = new JsonArray([.. (isClosed ? question.EventStates : [Changed]).Select(it => (JsonNode)it)]),
            ["value_template"] = $"{{{{ dict(value_json, event_type={(isClosed ? "value_json.to" : $"'{Changed}'")}) | to_json }}}}",
        });
        if (camera.Node.HasLabels && question.Type == AnswerType.YesNo)
        {
            // The last event, because Home Assistant does not know which one somebody looked at.
            yield return new AnnouncedComponent($"wrong_{question.Id}", $"{question.Id} wrong", new JsonObject
            {
                ["platform"] = "button",
                ["name"] = $"Wrong: {question.Id}",
                ["command_topic"] = topics.LabelSet(camera.Id, question.Id),
                ["payload_press"] = """{"event":"last","label":"wrong"}""",
                ["availability"] = new JsonArray(At(topics.Availability)),
            });
        }

        if (camera.Node.HasEventPictures)
        {
            // Home Assistant fetches the picture itself. For an event without one it logs an error and keeps the last picture.
            yield return new AnnouncedComponent($"last_event_{question.Id}", $"{question.Id} last event", new JsonObject
            {
                ["platform"] = "image",
                ["name"] = $"Last event: {question.Id}",
                ["url_topic"] = topics.Event(camera.Id, question.Id),
                ["url_template"] = "{{ value_json.snapshotUrl | default('') }}",
            });
        }
    }

    /// <summary>A snooze is rare, so both are switched off until somebody wants them.</summary>
    private IEnumerable<AnnouncedComponent> Snooze(string camera, string question)
    {
        // Without a state: what is set is a time from now, and what holds is its end.
        yield return new AnnouncedComponent($"snooze_{question}", $"snooze {question}", new JsonObject
        {
            ["platform"] = "number",
            ["name"] = $"Snooze: {question}",
            ["command_topic"] = topics.SnoozeSet(camera, question),
            ["min"] = 0,
            ["max"] = NodeTopics.MaxSnoozeHours,
            ["step"] = 0.5,
            ["mode"] = "box",
            ["unit_of_measurement"] = "h",
            ["entity_category"] = "config",
            ["enabled_by_default"] = false,
            ["availability"] = new JsonArray(At(topics.Availability)),
        });

        var until = Diagnostic(
            $"snoozed_{question}",
            $"{question} snoozed until",
            $"Snoozed until: {question}",
            topics.Snooze(camera, question),
            "{{ value if 'T' in value else 'None' }}");
        until.Json["device_class"] = "timestamp";
        until.Json["enabled_by_default"] = false;
        yield return until;
    }
}
