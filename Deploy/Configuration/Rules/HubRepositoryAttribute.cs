using MobileVlm.Edge.Connectors.Hub;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>The value is the name of a repository of models.</summary>
internal sealed class HubRepositoryAttribute : ValueRuleAttribute
{
    public override string Accepted => "`OWNER/NAME`";

    public override string? FindError(object value) => HubNames.IsRepository((string)value)
        ? null
        : "is not a repository's name; 'OWNER/NAME' would be accepted, such as 'mtgv/MobileVLM_V2-1.7B'";
}
