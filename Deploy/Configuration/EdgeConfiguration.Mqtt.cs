using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>What is published over MQTT and which topics are subscribed to.</content>
internal sealed partial class EdgeConfiguration
{
    // Prompt, frame and instruction of MobileVLM, for a model that cannot be read now.
    private const int UsualTokensBesideTheQuestion = 192;

    // For the spellings of choices, and for texts that take more tokens where they meet.
    private const int ReservedTokens = 32;

    // As many as `ask` generates.
    private const int MaxTokensOverHttp = 128;

    private IReadOnlyList<MqttSubscription> ToSubscriptions()
    {
        var home = ToHomeAssistant(Options.Mqtt.HomeAssistant);
        IEnumerable<string> filters =
        [
            .. Options.Mqtt.Commands.Enabled ? ToTopics().Commands : [],
            .. Options.Mqtt.Commands.Enabled && Options.Modes.Count > 0 ? (string[])[ToTopics().ModeSet] : [],
            .. home.Enabled ? (string[])[home.BirthTopic, new DiscoveryTopics(home.Prefix, Node).All, new DiscoveryTopics(home.Prefix, Node).Node] : [],
        ];
        return [.. filters.Select(filter => new MqttSubscription(filter))];
    }

    private static DeliverySettings ToDelivery(MqttOptions mqtt) => new()
    {
        StateQos = mqtt.StateQos,
        SnapshotQos = mqtt.SnapshotQos,
        EventQos = mqtt.EventQos,
        ReplyQos = mqtt.ReplyQos,
        RetainSnapshots = mqtt.RetainSnapshots,
    };

    private AdHocSettings ToAsks(MqttOptions mqtt)
    {
        var context = Math.Min(ContextTokens, _model?.MaxPositions ?? ContextTokens);
        var available = Math.Max(2, context - (_model?.TokensBesideQuestion ?? UsualTokensBesideTheQuestion) - ReservedTokens);

        // The question may use at least half of it, independent of the configured answer length.
        var maxTokens = Math.Clamp(mqtt.Asks.MaxTokens, 1, available / 2);
        return new AdHocSettings
        {
            Enabled = mqtt.Asks.Enabled,
            MaxWaiting = mqtt.Asks.MaxWaiting,
            MaxTokensOverHttp = Math.Clamp(MaxTokensOverHttp, 1, available / 2),
            Limits = new AskLimits
            {
                MaxTokens = maxTokens,
                Deadline = mqtt.Asks.Deadline,
                MaxDeadline = mqtt.Asks.MaxDeadline,
                // At worst each byte is one token, so every question of this length fits the context.
                MaxQuestionBytes = Math.Min(1000, available - maxTokens),
            },
            ReplyPrefixes = mqtt.Asks.ReplyPrefixes is { } prefixes
            ? TopicPrefixesAttribute.Parse(prefixes)
            : [$"{mqtt.BaseTopic}/replies/", "replies/", "responses/"],
        };
    }

    private HomeAssistantSettings ToHomeAssistant(HomeAssistantOptions home) => new()
    {
        Enabled = home.Enabled,
        Prefix = home.Prefix,
        BirthTopic = home.BirthTopic ?? $"{home.Prefix}/status",
        BirthPayload = home.BirthPayload,
        AfterBirthWithin = home.AfterBirthWithin,
        PageUrl = PageUrl,
        HasEventPictures = PageUrl is not null && Options.History.Folder is not null,
        HasLabels = Options.History.Folder is not null && StateFolder is not null && Options.Mqtt.Commands.Enabled,
    };

    private string? PageUrl => ToHttpSettings()?.PublicUrl?.GetLeftPart(UriPartial.Path).TrimEnd('/');
}
