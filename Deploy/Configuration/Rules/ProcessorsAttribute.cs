using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>The value is a list of this machine's processor numbers, or a word.</summary>
internal sealed class ProcessorsAttribute : ValueRuleAttribute
{
    public const string Auto = "auto";
    public const string None = "none";

    public override string Accepted => $"`{Auto}`, `{None}`, or numbers of processors like `4-7` or `0,2`";

    /// <summary>Parses the value.</summary>
    /// <returns>The processor numbers; null for <see cref="Auto"/>; empty for <see cref="None"/>.</returns>
    /// <exception cref="FormatException">The value is neither one of the words nor a list.</exception>
    public static IReadOnlyList<int>? Parse(string text) =>
        text.Equals(Auto, StringComparison.OrdinalIgnoreCase) ? null
        : text.Equals(None, StringComparison.OrdinalIgnoreCase) ? []
        : CpuTopology.ParseList(text);

    public override string? FindError(object value)
    {
        try
        {
            int[] missing = [.. (Parse((string)value) ?? []).Except(CpuTopology.ThisMachine.Allowed)];
            return missing.Length == 0
                ? null
                : $"names {string.Join(',', missing)}; this process may use {string.Join(',', CpuTopology.ThisMachine.Allowed)}";
        }
        catch (FormatException)
        {
            return $"is not a list of processors; {Accepted} would be accepted";
        }
    }
}
