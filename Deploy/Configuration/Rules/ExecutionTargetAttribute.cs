using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>Where a model runs.</summary>
internal sealed class ExecutionTargetAttribute : ValueRuleAttribute
{
    public override string Accepted => "`cpu`, `cuda`, `cuda:N` (the GPU number N, from 0) or `auto`";

    public override string? FindFault(object value) =>
        ExecutionTarget.TryParse((string)value, out _) ? null : $"is no target; {ExecutionTarget.Grammar} would be accepted";
}
