using System.Text.RegularExpressions;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using YamlDotNet.RepresentationModel;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.HomeAssistant;

/// <summary>The blueprint for Home Assistant: what its files may have, and that it fits the service's messages.</summary>
public sealed partial class BlueprintTests
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "blueprints", "notify-with-snapshot.yaml");

    // The sections of an automation's blueprint and, of its inputs, the kinds of selectors that Home Assistant has.
    private static readonly string[] Sections = ["blueprint", "mode", "max", "triggers", "variables", "conditions", "actions"];
    private static readonly string[] Selectors = ["entity", "device", "text", "boolean", "duration"];

    [Fact]
    public void It_is_YAML_with_the_sections_of_an_automation()
    {
        var root = Read();
        Assert.Equal(Sections, root.Children.Keys.Select(key => key.ToString()));
        var blueprint = Map(root["blueprint"]);
        Assert.Equal("automation", blueprint["domain"].ToString());
        Assert.All((string[])["name", "description"], key => Assert.NotEmpty(blueprint[key].ToString()));
        foreach (var (name, input) in Map(blueprint["input"]).Children)
        {
            Assert.Contains(Map(Map(input)["selector"]).Children.Keys.Single().ToString(), Selectors);
            Assert.True(Map(input).Children.ContainsKey("name"), $"{name} has no name.");
        }
    }

    [Fact]
    public void Every_input_is_used_and_every_input_that_is_used_exists()
    {
        var root = Read();
        var inputs = Map(Map(root["blueprint"])["input"]).Children.Keys.Select(key => key.ToString()).Order(StringComparer.Ordinal);
        var used = root.AllNodes.OfType<YamlScalarNode>().Where(node => node.Tag == "!input").Select(node => node.Value!).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(inputs, used);
    }

    [Fact]
    public void Its_templates_use_only_variables_that_it_defines_and_members_that_events_have()
    {
        var root = Read();
        var members = MqttJson.Serialize(Event) is var json ? System.Text.Json.JsonDocument.Parse(json).RootElement : default;
        var text = string.Join('\n', root.AllNodes.OfType<YamlScalarNode>().Select(node => node.Value));
        var used = Attribute().Matches(text).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Superset(new HashSet<string>(["id", "text", "to", "snapshotUrl"]), used);
        Assert.All(used, name => Assert.True(members.TryGetProperty(name, out _), $"An event has no '{name}'."));
        var variables = Map(root["variables"]).Children.Keys.Select(key => key.ToString()).ToHashSet();
        Assert.All(variables, variable => Assert.Matches($@"\b{variable}\b", text));
        Assert.DoesNotContain("states", variables);
    }

    [Fact]
    public void The_button_publishes_a_label_of_the_event_on_the_topic_of_its_question()
    {
        var root = Read();
        var variables = Map(root["variables"]);
        var topic = new[] { ("base_topic", "site/hall"), ("node", Event.Node), ("camera", Event.Camera), ("question", Event.Question) }
            .Aggregate(variables["label_topic"].ToString(), (text, it) => text.Replace($"{{{{ {it.Item1} }}}}", it.Item2, StringComparison.Ordinal));
        Assert.Equal(new NodeTopics("site/hall", Event.Node).LabelSet(Event.Camera, Event.Question), topic);
        var publish = Map(((YamlSequenceNode)root["actions"]).Children[^1]);
        Assert.Equal("mqtt.publish", publish["action"].ToString());
        Assert.Equal("{{ label_topic }}", Map(publish["data"])["topic"].ToString());
        Assert.Equal("{{ {'event': event_id, 'label': right_answer} | to_json }}", Map(publish["data"])["payload"].ToString());
    }

    private static EventPayload Event { get; } = new()
    {
        Id = "e",
        Node = "edge-1",
        Camera = "gate",
        Question = "person",
        Ask = "Is there a person?",
        From = "no",
        To = "yes",
        At = DateTimeOffset.UnixEpoch,
        Since = DateTimeOffset.UnixEpoch,
        Frame = 1,
        Text = "gate: person is yes",
        HeldBack = 0,
        Historical = false,
        Model = "m",
        SnapshotUrl = "https://home.example/api/v1/events/e/snapshot.jpg",
    };

    private static YamlMappingNode Read()
    {
        using var reader = System.IO.File.OpenText(File);
        var yaml = new YamlStream();
        yaml.Load(reader);
        return Map(Assert.Single(yaml.Documents).RootNode);
    }

    private static YamlMappingNode Map(YamlNode node) => Assert.IsType<YamlMappingNode>(node);

    [GeneratedRegex(@"trigger\.to_state\.attributes\.(\w+)")]
    private static partial Regex Attribute();
}
