using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>Settings of commands and ad-hoc questions over MQTT.</summary>
public sealed class CommandOptionsTests : IDisposable
{
    private const string Key = "MobileVlm:Mqtt:";
    private const string Broker = "\"Broker\": \"embedded\"";

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("", "", null, false)]
    [InlineData("\"PublicUrl\": \"https://home.example/vlm/\"", "", "https://home.example/vlm", false)]
    [InlineData("\"PublicUrl\": \"https://home.example\"", ", \"History\": { \"Folder\": \"/data/history\" }", "https://home.example", true)]
    public void Home_Assistant_gets_the_address_that_users_see_and_pictures_and_labels_of_events_where_there_are_any(
        string http, string more, string? page, bool pictures)
    {
        var settings = _fixture.Read(ConfigurationFixture.Small(
            more: $$""", "StateFolder": "/state", "Http": { "Listen": "127.0.0.1:8080", "TokenFile": "/state/tokens" {{(http.Length > 0 ? ", " + http : "")}} } {{more}}"""))
            .ToEdgeSettings("m").HomeAssistant;
        Assert.Equal((page, pictures, pictures), (settings.PageUrl, settings.HasEventPictures, settings.HasLabels));
    }

    [Fact]
    public void By_default_only_the_devices_own_command_topics_are_subscribed_to() => Assert.Equal(
        ["mobilevlm/edge-1/ask", "mobilevlm/edge-1/+/ask", "mobilevlm/edge-1/+/+/enabled/set", "mobilevlm/edge-1/+/+/snooze/set", "mobilevlm/edge-1/+/+/label/set"],
        Filters(_fixture.Read(ConfigurationFixture.Design)));

    [Fact]
    public void Commands_can_be_switched_off_altogether() =>
        Assert.Empty(Filters(Read("\"Commands\": { \"Enabled\": false }")));

    [Fact]
    public void Home_Assistants_birth_and_discovery_topics_are_subscribed_to_when_it_is_enabled()
    {
        var configuration = Read("\"Commands\": { \"Enabled\": false }, \"HomeAssistant\": { \"Enabled\": true, \"Prefix\": \"ha\" }");
        Assert.Equal(["ha/status", "ha/device/mobilevlm-host-7-lan/+/config", "ha/device/mobilevlm-host-7-lan/config"], Filters(configuration));
        Assert.Equal("ha/status", configuration.ToEdgeSettings("m").HomeAssistant.BirthTopic);
        Assert.False(Read("").ToEdgeSettings("m").HomeAssistant.Enabled);
    }

    [Fact]
    public void Reply_prefixes_have_a_default_and_can_be_configured()
    {
        Assert.Equal(["mobilevlm/replies/", "replies/", "responses/"], Read("").ToEdgeSettings("m").Asks.ReplyPrefixes);
        Assert.Equal(
            ["a/", "b/c/"],
            Read("\"Asks\": { \"ReplyPrefixes\": \" a/ , b/c/\" }").ToEdgeSettings("m").Asks.ReplyPrefixes);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a/,b")]
    [InlineData("#/")]
    [InlineData("$SYS/")]
    [InlineData("/")]
    [InlineData(",")]
    public void An_invalid_reply_prefix_is_refused(string prefixes) =>
        Assert.Equal(Key + "Asks:ReplyPrefixes", Error($"\"Asks\": {{ \"ReplyPrefixes\": \"{prefixes}\" }}").Key);

    [Theory]
    [InlineData(256)]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(4096)]
    public void The_longest_question_and_the_longest_answer_fit_the_context(int context)
    {
        var configuration = _fixture.Read(ConfigurationFixture.Small(
            model: $", \"ContextTokens\": {context}", mqtt: $"{Broker}, \"Asks\": {{ \"MaxTokens\": 512 }}"));
        var limits = configuration.ToEdgeSettings("m").Asks.Limits;
        Assert.InRange(limits.MaxQuestionBytes, 16, 1000);
        Assert.InRange(limits.MaxTokens, 16, 512);
        // The prompt and the template around a question are a little more than 190 tokens.
        Assert.True(200 + limits.MaxQuestionBytes + limits.MaxTokens <= context, $"{limits}");
    }

    [Theory]
    [InlineData(144, 1024)]
    [InlineData(576, 1024)]
    [InlineData(576, 4096)]
    [InlineData(576, 512)]
    public void The_longest_question_is_bounded_by_what_the_model_itself_takes(int visualTokens, int context)
    {
        var model = Path.Combine(_fixture.Current, "model");
        Directory.CreateDirectory(model);
        File.Copy(Path.Combine(DemoModel.Folder.FolderPath, ModelFolder.TokenizerFile), Path.Combine(model, ModelFolder.TokenizerFile));
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(DemoModel.Folder.FolderPath, ModelManifest.FileName)))!;
        manifest["visualTokens"] = visualTokens;
        manifest["language"]!["maxPositions"] = 4096;
        File.WriteAllText(Path.Combine(model, ModelManifest.FileName), manifest.ToJsonString());

        var limits = _fixture.Read($$"""
            { "MobileVlm": { "Model": { "Path": {{JsonSerializer.Serialize(model)}}, "ContextTokens": {{context}} }, "Http": { "Listen": "127.0.0.1:0" } } }
            """).ToEdgeSettings("m").Asks.Limits;

        var counter = QuestionTokenCounter.Open(model);
        Assert.Equal(visualTokens, counter.VisualTokenCount);
        if (counter.TokensBesideQuestion > context)
        {
            Assert.Equal((1, 1), (limits.MaxTokens, limits.MaxQuestionBytes));
            return;
        }

        // Bytes that no piece of the vocabulary holds are a token each.
        var question = string.Concat(Enumerable.Repeat("\u0378", limits.MaxQuestionBytes / 2));
        Assert.InRange(counter.Count(new Question(question, AnswerKind.YesNo)), context / 4, context - limits.MaxTokens);
        Assert.InRange(counter.Count(new Question(question, AnswerKind.Text, limits.MaxTokens)), context / 4, context);
    }

    [Fact]
    public void A_default_deadline_above_the_maximum_is_refused() => Assert.Equal(
        Key + "Asks:Deadline", Error("\"Asks\": { \"Deadline\": \"00:02:00\", \"MaxDeadline\": \"00:01:00\" }").Key);

    [Theory]
    [InlineData("\"StateQos\": 3", "StateQos")]
    [InlineData("\"Commands\": { \"Burst\": 501 }", "Commands:Burst")]
    [InlineData("\"Asks\": { \"MaxWaiting\": 0 }", "Asks:MaxWaiting")]
    [InlineData("\"HomeAssistant\": { \"Prefix\": \"a/#\" }", "HomeAssistant:Prefix")]
    [InlineData("\"HomeAssistant\": { \"Enable\": true }", "HomeAssistant:Enable")]
    public void A_setting_that_is_out_of_range_or_misspelled_is_reported(string mqtt, string key) => Assert.Equal(Key + key, Error(mqtt).Key);

    [Theory]
    [InlineData("ask")]
    [InlineData("reply")]
    [InlineData("replies")]
    public void A_camera_cannot_have_the_name_of_a_topic(string name)
    {
        var json = ConfigurationFixture.Design.Replace("\"gate\"", $"\"{name}\"", StringComparison.Ordinal);
        Assert.Equal($"MobileVlm:Cameras:{name}", _fixture.Error(json).Key);
    }

    [Fact]
    public void The_quality_of_service_of_each_kind_of_message_can_be_set()
    {
        var delivery = Read("\"StateQos\": 0, \"SnapshotQos\": 2, \"EventQos\": 2, \"ReplyQos\": 0, \"RetainSnapshots\": false")
            .ToEdgeSettings("m").Mqtt;
        Assert.Equal(
            (0, 2, 2, 0, false),
            (delivery.StateQos, delivery.SnapshotQos, delivery.EventQos, delivery.ReplyQos, delivery.RetainSnapshots));
    }

    private EdgeConfiguration Read(string mqtt) =>
        _fixture.Read(ConfigurationFixture.Small(mqtt: mqtt.Length == 0 ? Broker : $"{Broker}, {mqtt}"));

    private ConfigurationProblem Error(string mqtt) => _fixture.Error(ConfigurationFixture.Small(mqtt: $"{Broker}, {mqtt}"));

    private static IEnumerable<string> Filters(EdgeConfiguration configuration) =>
        configuration.ToMqttSettings(new Uri("mqtt://127.0.0.1:1883")).Subscriptions.Select(it => it.Filter);
}
