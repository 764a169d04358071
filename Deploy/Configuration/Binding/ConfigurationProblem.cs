using System.Globalization;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>One error in the configuration.</summary>
/// <param name="Key">The key, written with colons (<c>MobileVlm:Mqtt:Broker</c>), or the file.</param>
/// <param name="Value">The value that was found, shortened and without secrets; null if there is none to show.</param>
/// <param name="Message">Continues the sentence that key and value begin, and ends with what would be accepted.</param>
/// <param name="Origin">The line of the file or the environment variable of the key or, if it was not written, of its group; null if
/// neither was written.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Message, string? Origin = null)
{
    /// <summary>The text before the number of a line in <see cref="Origin"/>.</summary>
    public const string LineOrigin = "line ";

    /// <summary>The text before the name of a variable in <see cref="Origin"/>.</summary>
    public const string VariableOrigin = "environment variable ";

    /// <summary>The line of the file, from 1; null if the key is not in it.</summary>
    public int? Line => Origin is { } origin && origin.StartsWith(LineOrigin, StringComparison.Ordinal)
        && int.TryParse(origin.AsSpan(LineOrigin.Length), CultureInfo.InvariantCulture, out var line) ? line : null;

    /// <summary>The name of the environment variable; null if the key came from none.</summary>
    public string? Variable => Origin is { } origin && origin.StartsWith(VariableOrigin, StringComparison.Ordinal)
        ? origin[VariableOrigin.Length..]
        : null;

    /// <summary>The value, if there is one to show, and the message.</summary>
    public string Text => Value is null ? Message : $"= '{Value}' {Message}";

    public override string ToString() =>
        $"{Key}{(Value is null ? ":" : "")} {Text}{(Origin is null ? "" : $" [{Origin}]")}";
}

/// <summary>The configuration is invalid. Holds all errors at once, so that one correction is enough.</summary>
internal sealed class ConfigurationException : Exception
{
    public ConfigurationException(
        string source, IReadOnlyList<ConfigurationProblem> errors, IReadOnlyList<ConfigurationProblem>? warnings = null)
        : base(Describe(source, errors)) => (Errors, Warnings) = (errors, warnings ?? []);

    /// <summary>The errors, at least one, in the order in which they were found.</summary>
    public IReadOnlyList<ConfigurationProblem> Errors { get; }

    /// <summary>Settings that can be used but are probably not what the operator wants.</summary>
    public IReadOnlyList<ConfigurationProblem> Warnings { get; }

    private static string Describe(string source, IReadOnlyList<ConfigurationProblem> errors) =>
        $"{source}: {(errors.Count == 1 ? "1 error" : $"{errors.Count} errors")}\n"
        + string.Join('\n', errors.Select(error => $"  {error}"));
}
