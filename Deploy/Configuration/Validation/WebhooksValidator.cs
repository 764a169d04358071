using MobileVlm.Edge.Connectors.Webhooks;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the secrets and the filters of webhooks.</summary>
internal static class WebhooksValidator
{
    private const string Webhooks = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Webhooks)}";

    /// <summary>Most webhooks: each has a thread and an outbox of its own.</summary>
    private const int MaxWebhooks = 16;

    /// <summary>Adds an error for each broken rule.</summary>
    public static void Validate(EdgeOptions options, string folder, ConfigurationPurpose purpose, ProblemList problems)
    {
        if (options.Webhooks.Count > MaxWebhooks)
        {
            problems.Add(Webhooks, null, $"has {options.Webhooks.Count} webhooks; up to {MaxWebhooks} would be accepted");
        }

        foreach (var (name, webhook) in options.Webhooks)
        {
            var secret = $"{Webhooks}:{name}:{nameof(WebhookOptions.SecretFile)}";
            if (OptionsValidator.ValidateFile(webhook.SecretFile, secret, folder, purpose != ConfigurationPurpose.Start, problems)
                && webhook.SecretFile is { } file
                && WebhookSecret.Read(Path.GetFullPath(file, folder), out var fault) is null)
            {
                problems.Add(secret, file.StartsWith('/') ? file : null, fault!);
            }

            QuestionPatternRules.WarnOfUnknown(options, $"{Webhooks}:{name}:{nameof(WebhookOptions.Questions)}", webhook.Questions, problems);
        }
    }
}
