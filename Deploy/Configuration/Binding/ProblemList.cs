namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Collects errors and warnings and records where each key was set.</summary>
internal sealed class ProblemList
{
    private const int MaxShownLength = 80;

    private readonly List<ConfigurationProblem> _errors = [];
    private readonly List<ConfigurationProblem> _warnings = [];
    private readonly Dictionary<string, string> _origins = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<ConfigurationProblem> Errors => _errors;

    /// <summary>Problems that do not make the configuration invalid.</summary>
    public IReadOnlyList<ConfigurationProblem> Warnings => _warnings;

    public void SetOrigin(string key, string origin) => _origins[key] = origin;

    /// <summary>True if the operator wrote the key, so that it does not hold its default.</summary>
    public bool IsWritten(string key) => _origins.ContainsKey(key);

    /// <summary>True if the key was written there.</summary>
    public bool IsSetBy(string key, string origin) => _origins.TryGetValue(key, out var written) && written == origin;

    public void Add(string key, string? value, string message) => _errors.Add(Made(key, value, message));

    public void Warn(string key, string? value, string message) => _warnings.Add(Made(key, value, message));

    /// <summary>True if the key already has an error; then rules between properties must not report its default value.</summary>
    public bool Has(string key) => _errors.Exists(error => error.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>True if the key or a key below it has an error.</summary>
    public bool HasWithin(string key) => Within(key).Any();

    /// <summary>The errors of the key and of the keys below it.</summary>
    public IEnumerable<ConfigurationProblem> Within(string key) => _errors.Where(
        error => error.Key.StartsWith(key, StringComparison.OrdinalIgnoreCase) && (error.Key.Length == key.Length || error.Key[key.Length] == ':'));

    private ConfigurationProblem Made(string key, string? value, string message) =>
        new(key, value is null ? null : Shown(value), message, OriginOf(key));

    // A missing key gets the origin of its group, so that a camera created by a misspelled variable can be found.
    private string? OriginOf(string key) =>
        _origins.TryGetValue(key, out var origin) ? origin
        : key.LastIndexOf(':') is >= 0 and var end ? OriginOf(key[..end])
        : null;

    // A line break in a value would make one error look like two.
    private static string Shown(string value)
    {
        var line = string.Concat(value.Select(c => char.IsControl(c) ? '?' : c));
        return line.Length <= MaxShownLength ? line
            : line[..(char.IsHighSurrogate(line[MaxShownLength - 1]) ? MaxShownLength - 1 : MaxShownLength)] + "…";
    }
}
