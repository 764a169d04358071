using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>The value is an execution target.</summary>
internal sealed class ExecutionTargetAttribute : ValueRuleAttribute
{
    public override string Accepted => "`cpu`, `cuda`, `cuda:N` (the GPU number N, from 0) or `auto`";

    public override string? FindError(object value) =>
        ExecutionTarget.TryParse((string)value, out _) ? null : $"is not a target; {ExecutionTarget.Grammar} would be accepted";
}
