using System.Globalization;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Key">The key as it is written with colons (<c>MobileVlm:Mqtt:Broker</c>), or the file.</param>
/// <param name="Value">What was found, shortened and without secrets; null when there is none to show.</param>
/// <param name="Message">Continues the sentence that key and value begin, and ends with what would be accepted.</param>
/// <param name="Origin">Where it, or else its group, was found: a line of the file or an environment variable; null
/// when neither was.</param>
internal sealed record ConfigurationError(string Key, string? Value, string Message, string? Origin = null)
{
    /// <summary>Before the number of a line in <see cref="Origin"/>.</summary>
    public const string LineOrigin = "line ";

    /// <summary>Before the name of a variable in <see cref="Origin"/>.</summary>
    public const string VariableOrigin = "environment variable ";

    /// <summary>The line of the file, from 1; null when the key is not in it.</summary>
    public int? Line => Origin is { } origin && origin.StartsWith(LineOrigin, StringComparison.Ordinal)
        && int.TryParse(origin.AsSpan(LineOrigin.Length), CultureInfo.InvariantCulture, out var line) ? line : null;

    /// <summary>The environment variable; null when none says it.</summary>
    public string? Variable => Origin is { } origin && origin.StartsWith(VariableOrigin, StringComparison.Ordinal)
        ? origin[VariableOrigin.Length..]
        : null;

    public override string ToString() =>
        $"{Key}{(Value is null ? ":" : $" = '{Value}'")} {Message}{(Origin is null ? "" : $" [{Origin}]")}";
}

/// <summary>The configuration cannot be used. Carries every fault at once, so that one correction is enough.</summary>
internal sealed class ConfigurationException : Exception
{
    public ConfigurationException(
        string source, IReadOnlyList<ConfigurationError> faults, IReadOnlyList<ConfigurationError>? warnings = null)
        : base(Describe(source, faults)) => (Faults, Warnings) = (faults, warnings ?? []);

    /// <summary>At least one, in the order in which they were found.</summary>
    public IReadOnlyList<ConfigurationError> Faults { get; }

    /// <summary>Settings that can be used but are probably not what the operator wants.</summary>
    public IReadOnlyList<ConfigurationError> Warnings { get; }

    private static string Describe(string source, IReadOnlyList<ConfigurationError> faults) =>
        $"{source}: {(faults.Count == 1 ? "1 error" : $"{faults.Count} errors")}\n"
        + string.Join('\n', faults.Select(fault => $"  {fault}"));
}
