using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.HomeAssistant;

/// <summary>Every device message against Home Assistant's published rules, written down as a JSON Schema.</summary>
public sealed class DeviceMessageTests
{
    private static readonly SchemaCheck Rules =
        new(Path.Combine(AppContext.BaseDirectory, "schemas", "device-discovery.schema.json"));

    private static readonly AnnouncedService Edge = new("edge-1", "mobilevlm-v2-1.7b");

    private static readonly AnnouncedService Reachable = Edge with
    {
        ModelFamily = "MobileVLM V2",
        PageUrl = "https://home.example/vlm",
        HasEventPictures = true,
        HasLabels = true,
        Modes = ["home", "away"],
    };

    private static readonly AnnouncedCamera Gate = new(Edge, "gate", Snapshot: true,
    [
        new AnnouncedQuestion("person", AnswerType.YesNo) { DeviceClass = "occupancy", HasEvents = true, EventStates = ["yes"] },
        new AnnouncedQuestion("sky", AnswerType.Choice)
        {
            Choices = ["clear", "cloudy \"so so\""],
            HasEvents = true,
            EventStates = ["clear", "cloudy \"so so\""],
        },
        new AnnouncedQuestion("cars", AnswerType.Number) { HasEvents = true },
        new AnnouncedQuestion("speed", AnswerType.Number) { Unit = "km/h" },
        new AnnouncedQuestion("scene", AnswerType.Text),
    ])
    {
        Views = ["normal", "changed"],
    };

    private readonly DeviceMessage _message = new(new NodeTopics("site/hall", "edge-1"));

    [Fact]
    public void Every_kind_of_question_makes_a_message_that_keeps_the_rules() => Assert.Empty(Rules.Faults(_message.Device(Gate)));

    [Fact]
    public void A_camera_without_questions_or_pictures_keeps_the_rules_too() =>
        Assert.Empty(Rules.Faults(_message.Device(Gate with { Snapshot = false, Questions = [] })));

    [Fact]
    public void A_service_whose_page_users_reach_keeps_the_rules_too() => Assert.All(
        (byte[][])[_message.Device(Gate with { Node = Reachable }), _message.Service(Reachable), _message.Service(Edge)],
        message => Assert.Empty(Rules.Faults(message)));

    [Fact]
    public void Every_device_class_that_may_be_configured_is_one_of_the_rules()
    {
        Assert.All(BinarySensorClasses.All, known => Assert.Empty(Rules.Faults(_message.Device(OfClass(known)))));
        Assert.NotEmpty(Rules.Faults(_message.Device(OfClass("gate"))));
        Assert.Equal(
            "garage_door", JsonNode.Parse(_message.Device(OfClass("garage_door")))!["components"]!["question_open"]!["device_class"]!.ToString());

        static AnnouncedCamera OfClass(string known) =>
            Gate with { Questions = [new AnnouncedQuestion("open", AnswerType.YesNo) { DeviceClass = known }] };
    }

    [Fact]
    public void The_view_is_a_sensor_with_options_and_has_pictures_where_the_camera_has_them()
    {
        var components = JsonNode.Parse(_message.Device(Gate))!["components"]!;
        Assert.Equal(
            """{"platform":"sensor","name":"View","state_topic":"site/hall/edge-1/gate/view","value_template":"{{ 'None' if value == 'unknown' else value }}","device_class":"enum","options":["normal","changed"],"unique_id":"mobilevlm.edge-1.gate.view","default_entity_id":"sensor.edge_1_gate_view"}""",
            components["view"]!.ToJsonString(new System.Text.Json.JsonSerializerOptions
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }));
        Assert.Equal("site/hall/edge-1/gate/view/before", components["view_before"]!["image_topic"]!.GetValue<string>());
        Assert.Equal("site/hall/edge-1/gate/view/after", components["view_after"]!["image_topic"]!.GetValue<string>());

        var hidden = JsonNode.Parse(_message.Device(Gate with { Snapshot = false }))!["components"]!;
        Assert.Null(hidden["view_before"]);
        Assert.NotNull(hidden["view"]);
        Assert.Null(JsonNode.Parse(_message.Device(Gate with { Views = [] }))!["components"]!["view"]);
    }

    [Fact]
    public void A_yes_or_no_question_with_events_has_a_button_that_calls_the_last_one_wrong_where_there_are_labels()
    {
        var device = _message.Device(Gate with { Node = Reachable });
        Assert.Empty(Rules.Faults(device));
        var components = JsonNode.Parse(device)!["components"]!.AsObject();
        var button = components["wrong_person"]!;
        Assert.Equal(
            ("button", "site/hall/edge-1/gate/person/label/set", """{"event":"last","label":"wrong"}"""),
            (button["platform"]!.ToString(), button["command_topic"]!.ToString(), button["payload_press"]!.ToString()));
        Assert.Equal(["wrong_person"], components.Select(it => it.Key).Where(key => key.StartsWith("wrong_", StringComparison.Ordinal)));
        Assert.Null(JsonNode.Parse(_message.Device(Gate))!["components"]!["wrong_person"]);
    }

    [Fact]
    public void A_taught_question_has_a_problem_that_is_on_while_its_pictures_have_drifted()
    {
        var device = _message.Device(Gate with { Questions = [new AnnouncedQuestion("person", AnswerType.YesNo) { IsTaught = true }] });
        Assert.Empty(Rules.Faults(device));
        var drift = JsonNode.Parse(device)!["components"]!["drift_person"]!;
        Assert.Equal(
            ("problem", "site/hall/edge-1/stats", "{{ {'drifted': 'ON', 'none': 'OFF'}.get(value_json.cameras['gate'].questions['person'].taughtDrift.state, 'None') }}"),
            (drift["device_class"]!.ToString(), drift["state_topic"]!.ToString(), drift["value_template"]!.ToString()));
        Assert.Null(JsonNode.Parse(_message.Device(Gate))!["components"]!["drift_person"]);
    }

    [Fact]
    public void A_question_may_be_called_view()
    {
        var named = Gate with { Questions = [new AnnouncedQuestion("view", AnswerType.YesNo)] };
        Assert.Empty(Rules.Faults(_message.Device(named)));
        var topics = new NodeTopics("site/hall", "edge-1");
        Assert.Empty(
            new[] { topics.State("gate", "view"), topics.Answer("gate", "view"), topics.Event("gate", "view"), topics.Enabled("gate", "view") }
                .Intersect([topics.View("gate"), topics.ViewBefore("gate"), topics.ViewAfter("gate")]));
    }

    [Theory]
    [InlineData("components/question_person", "state_topic")]
    [InlineData("components/enabled_person", "command_topic")]
    [InlineData("components/snapshot", "image_topic")]
    [InlineData("components/question_sky", "unique_id")]
    [InlineData("components/event_person", "event_types")]
    [InlineData("", "origin")]
    [InlineData("device", "identifiers")]
    public void The_rules_notice_what_is_missing(string at, string key)
    {
        var device = JsonNode.Parse(_message.Device(Gate))!;
        var part = at.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate(device, (node, name) => node[name]!);
        Assert.True(part.AsObject().Remove(key));
        Assert.NotEmpty(Rules.Faults(System.Text.Encoding.UTF8.GetBytes(device.ToJsonString())));
    }

    [Theory]
    [InlineData("components/question_person", "stat_class", "measurement")]
    [InlineData("components/question_sky", "state_class", "measurement")]
    [InlineData("components/question_cars", "entity_category", "config")]
    [InlineData("components/enabled_cars", "command_topic", "a/#")]
    [InlineData("components/snapshot", "url_template", "{{ value }}")]
    [InlineData("components/event_cars", "event_types", "changed")]
    [InlineData("components/event_cars", "default_entity_id", "sensor.edge_1_gate_cars")]
    [InlineData("", "unknown_key", "x")]
    public void The_rules_notice_what_does_not_belong(string at, string key, string value)
    {
        var device = JsonNode.Parse(_message.Device(Gate))!;
        at.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate(device, (node, name) => node[name]!)[key] = value;
        Assert.NotEmpty(Rules.Faults(System.Text.Encoding.UTF8.GetBytes(device.ToJsonString())));
    }

    [Fact]
    public void No_two_entities_share_an_id_however_cameras_and_questions_are_named()
    {
        var questions = ((string[])["a", "a-b", "enabled_a", "a_enabled", "score_a", "snapshot", "last_event_a"])
            .Select(id => new AnnouncedQuestion(id, AnswerType.YesNo) { HasEvents = true }).ToList();
        var ids = ((string[])["x", "x-a", "question_a"]).SelectMany(camera =>
        {
            var components = JsonNode.Parse(_message.Device(new AnnouncedCamera(Reachable, camera, true, questions)))!["components"]!;
            return components.AsObject().Select(it => it.Value!["unique_id"]!.ToString());
        }).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(3 * ((questions.Count * 8) + 1 + 4), ids.Count);
    }

    [Fact]
    public void A_yes_or_no_question_is_a_binary_sensor_whose_unknown_Home_Assistant_understands()
    {
        var components = JsonNode.Parse(_message.Device(Gate))!["components"]!;
        var person = components["question_person"]!;
        Assert.Equal("binary_sensor", person["platform"]!.ToString());
        Assert.Equal(("yes", "no"), (person["payload_on"]!.ToString(), person["payload_off"]!.ToString()));
        Assert.Equal("site/hall/edge-1/gate/person/state", person["state_topic"]!.ToString());
        Assert.Equal("site/hall/edge-1/gate/person/answer", person["json_attributes_topic"]!.ToString());
        Assert.Contains("'None' if value == 'unknown'", person["value_template"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("site/hall/edge-1/gate/person/enabled/set", components["enabled_person"]!["command_topic"]!.ToString());
        Assert.Equal(["clear", "cloudy \"so so\""], components["question_sky"]!["options"]!.AsArray().Select(it => it!.ToString()));
        Assert.Equal("km/h", components["question_speed"]!["unit_of_measurement"]!.ToString());
    }

    [Fact]
    public void A_device_is_available_while_node_and_camera_are_and_its_switches_while_the_node_is()
    {
        var device = JsonNode.Parse(_message.Device(Gate))!;
        Assert.Equal("all", device["availability_mode"]!.ToString());
        Assert.Equal(
            ["site/hall/edge-1/availability", "site/hall/edge-1/gate/availability"],
            device["availability"]!.AsArray().Select(it => it!["topic"]!.ToString()));
        Assert.Single(device["components"]!["enabled_person"]!["availability"]!.AsArray());
    }

    [Theory]
    [InlineData("online", true)]
    [InlineData("stopped", false)]
    [InlineData("offline", false)]
    [InlineData("", false)]
    public void Every_entity_is_available_only_while_the_node_is_online(string node, bool available)
    {
        foreach (var camera in (AnnouncedCamera[])[Gate, Gate with { Snapshot = false, Questions = [] }])
        {
            var entities = EntityAvailability.Of(_message.Device(camera));
            Assert.NotEmpty(entities);
            Assert.All(entities, entity => Assert.Equal(available, entity.IsAvailable(new Dictionary<string, string>
            {
                ["site/hall/edge-1/availability"] = node,
                ["site/hall/edge-1/gate/availability"] = "online",
            })));
        }
    }

    [Fact]
    public void Questions_and_pictures_need_their_camera_and_switches_and_diagnostics_do_not()
    {
        var without = EntityAvailability.Of(_message.Device(Gate)).Where(entity => entity.IsAvailable(new Dictionary<string, string>
        {
            ["site/hall/edge-1/availability"] = "online",
            ["site/hall/edge-1/gate/availability"] = "offline",
        })).Select(entity => entity.Key).ToList();
        Assert.NotEmpty(without);
        Assert.All(without, key => Assert.Matches("^(enabled|score|snooze|snoozed|stat)_", key));
        Assert.DoesNotContain(EntityAvailability.Of(_message.Device(Gate)), entity => entity.IsAvailable(new Dictionary<string, string>()));
    }

    [Fact]
    public void The_service_is_a_device_with_its_model_its_version_and_a_selection_of_its_modes()
    {
        var service = JsonNode.Parse(_message.Service(Reachable))!;
        Assert.Equal(
            ("edge-1", "MobileVLM V2", "mobilevlm-v2-1.7b", "https://home.example/vlm/"),
            (Device("name"), Device("model"), Device("model_id"), Device("configuration_url")));
        Assert.Equal(["connection", "model", "target", "version", "mode"], service["components"]!.AsObject().Select(it => it.Key));
        var mode = service["components"]!["mode"]!;
        Assert.Equal(("site/hall/edge-1/mode", "site/hall/edge-1/mode/set"), (mode["state_topic"]!.ToString(), mode["command_topic"]!.ToString()));
        Assert.Equal(["home", "away"], mode["options"]!.AsArray().Select(it => it!.ToString()));

        var plain = JsonNode.Parse(_message.Service(Edge))!;
        Assert.Equal("mobilevlm-v2-1.7b", plain["device"]!["model"]!.ToString());
        Assert.All(((string[])["model_id", "configuration_url", "via_device"]), key => Assert.Null(plain["device"]![key]));
        Assert.Null(plain["components"]!["mode"]);

        string Device(string key) => service["device"]![key]!.ToString();
    }

    [Theory]
    [InlineData("online", true)]
    [InlineData("stopped", false)]
    [InlineData("offline", false)]
    public void Every_entity_of_the_service_is_available_only_while_it_is_online(string payload, bool available) => Assert.All(
        EntityAvailability.Of(_message.Service(Reachable)),
        entity => Assert.Equal(available, entity.IsAvailable(new Dictionary<string, string> { ["site/hall/edge-1/availability"] = payload })));

    [Fact]
    public void Modes_that_are_gone_are_removed_from_the_device_of_the_service()
    {
        var removal = _message.Removal(Edge, _message.Service(Reachable))!;
        Assert.Empty(Rules.Faults(removal));
        Assert.Equal("""{"platform":"select"}""", JsonNode.Parse(removal)!["components"]!["mode"]!.ToJsonString());
        Assert.Null(_message.Removal(Reachable, _message.Service(Reachable)));
    }

    [Fact]
    public void A_camera_is_connected_through_its_service_and_links_to_its_own_page()
    {
        var device = JsonNode.Parse(_message.Device(Gate with { Node = Reachable }))!["device"]!;
        var service = JsonNode.Parse(_message.Service(Reachable))!["device"]!;
        Assert.Equal(service["identifiers"]![0]!.ToString(), device["via_device"]!.ToString());
        Assert.Equal("https://home.example/vlm/#/camera/gate", device["configuration_url"]!.ToString());
        Assert.Equal("gate", device["name"]!.ToString());
    }

    [Fact]
    public void Names_are_short_and_entity_ids_are_those_that_the_names_of_release_0_1_0_gave()
    {
        var components = JsonNode.Parse(_message.Device(Gate))!["components"]!;
        Assert.Equal(
            [
                ("person", "binary_sensor.edge_1_gate_person"), ("Ask: person", "switch.edge_1_gate_ask_person"),
                ("Score: person", "sensor.edge_1_gate_person_score"), ("Picture", "image.edge_1_gate_picture"),
                ("Last frame", "sensor.edge_1_gate_last_frame"), ("Event: person", "event.edge_1_gate_person"),
            ],
            ((string[])["question_person", "enabled_person", "score_person", "snapshot", "stat_last_frame", "event_person"])
                .Select(key => (components[key]!["name"]!.ToString(), components[key]!["default_entity_id"]!.ToString())));
        Assert.Equal("a_b_c_9", AnnouncedComponent.Slug("A--b __C 9-"));
    }

    [Fact]
    public void Events_have_the_types_that_they_can_be_of_and_are_told_apart_by_the_new_state()
    {
        var components = JsonNode.Parse(_message.Device(Gate))!["components"]!;
        var person = components["event_person"]!;
        Assert.Equal("site/hall/edge-1/gate/person/event", person["state_topic"]!.ToString());
        Assert.Equal(["yes"], person["event_types"]!.AsArray().Select(it => it!.ToString()));
        Assert.Equal("{{ dict(value_json, event_type=value_json.to) | to_json }}", person["value_template"]!.ToString());
        Assert.Equal(["clear", "cloudy \"so so\""], components["event_sky"]!["event_types"]!.AsArray().Select(it => it!.ToString()));

        // The states of a number are no closed set.
        Assert.Equal(["changed"], components["event_cars"]!["event_types"]!.AsArray().Select(it => it!.ToString()));
        Assert.Contains("event_type='changed'", components["event_cars"]!["value_template"]!.ToString(), StringComparison.Ordinal);
        Assert.Null(components["event_scene"]);
    }

    [Fact]
    public void The_picture_of_the_last_event_is_fetched_from_the_address_in_the_event_where_there_is_one()
    {
        var picture = JsonNode.Parse(_message.Device(Gate with { Node = Reachable }))!["components"]!["last_event_person"]!;
        Assert.Equal("site/hall/edge-1/gate/person/event", picture["url_topic"]!.ToString());
        Assert.Contains("value_json.snapshotUrl", picture["url_template"]!.ToString(), StringComparison.Ordinal);
        Assert.Null(JsonNode.Parse(_message.Device(Gate))!["components"]!["last_event_person"]);
    }

    [Fact]
    public void A_snooze_is_set_as_a_number_of_hours_and_shown_as_its_end_and_both_are_off_at_first()
    {
        var components = JsonNode.Parse(_message.Device(Gate))!["components"]!;
        Assert.Equal("site/hall/edge-1/gate/person/snooze/set", components["snooze_person"]!["command_topic"]!.ToString());
        Assert.Equal("site/hall/edge-1/gate/person/snooze", components["snoozed_person"]!["state_topic"]!.ToString());
        Assert.All(((string[])["snooze_person", "snoozed_person"]), key => Assert.False(components[key]!["enabled_by_default"]!.GetValue<bool>()));
    }

    [Fact]
    public void The_age_of_a_picture_is_that_of_its_own_camera() => Assert.Equal(
        "{{ value_json.cameras['gate'].lastAgeMs }}",
        JsonNode.Parse(_message.Device(Gate))!["components"]!["stat_picture_age"]!["value_template"]!.ToString());

    [Fact]
    public void A_removal_names_only_the_platform_and_keeps_the_rules()
    {
        var before = _message.Device(Gate);
        var now = Gate with { Questions = [.. Gate.Questions.Skip(1)] };

        var removal = _message.Removal(now, before)!;

        Assert.Empty(Rules.Faults(removal));
        var components = JsonNode.Parse(removal)!["components"]!;
        Assert.Equal("""{"platform":"binary_sensor"}""", components["question_person"]!.ToJsonString());
        Assert.Equal("""{"platform":"switch"}""", components["enabled_person"]!.ToJsonString());
        Assert.Null(_message.Removal(Gate, before));
    }

    [Fact]
    public void Discovery_topics_have_only_characters_that_Home_Assistant_accepts()
    {
        var topics = new DiscoveryTopics("homeassistant", "edge-1");
        Assert.Matches("^homeassistant/device/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config$", topics.Config("gate_2"));
        Assert.Equal("gate_2", topics.Camera(topics.Config("gate_2")));
        Assert.Equal("homeassistant/device/mobilevlm-edge-1/config", topics.Node);
        Assert.Null(topics.Camera(topics.Node));
        Assert.Null(topics.Camera("homeassistant/device/mobilevlm-other/gate/config"));
        Assert.Null(topics.Camera("homeassistant/device/mobilevlm-edge-1//config"));
    }
}
