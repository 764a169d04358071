namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Collects faults and knows where each key was set.</summary>
internal sealed class ErrorList
{
    private const int LongestShown = 80;

    private readonly List<ConfigurationError> _faults = [];
    private readonly List<ConfigurationError> _warnings = [];
    private readonly Dictionary<string, string> _origins = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<ConfigurationError> Faults => _faults;

    /// <summary>What does not make the configuration unusable.</summary>
    public IReadOnlyList<ConfigurationError> Warnings => _warnings;

    public void SetOrigin(string key, string origin) => _origins[key] = origin;

    /// <summary>True when the operator wrote the key, so that it does not hold its default.</summary>
    public bool IsWritten(string key) => _origins.ContainsKey(key);

    public void Add(string key, string? value, string message) => _faults.Add(Made(key, value, message));

    public void Warn(string key, string? value, string message) => _warnings.Add(Made(key, value, message));

    /// <summary>True when the key already has a fault: rules between properties must not blame its default.</summary>
    public bool Has(string key) => _faults.Exists(fault => fault.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>True when the key or one below it has a fault.</summary>
    public bool HasWithin(string key) => Has(key) || _faults.Exists(
        fault => fault.Key.StartsWith($"{key}:", StringComparison.OrdinalIgnoreCase));

    private ConfigurationError Made(string key, string? value, string message) =>
        new(key, value is null ? null : Shown(value), message, OriginOf(key));

    // What is missing is missing where its group begins: a camera that a misspelt variable made is found by that.
    private string? OriginOf(string key) =>
        _origins.TryGetValue(key, out var origin) ? origin
        : key.LastIndexOf(':') is >= 0 and var end ? OriginOf(key[..end])
        : null;

    // A line break in a value would make one fault look like two.
    private static string Shown(string value)
    {
        var line = string.Concat(value.Select(c => char.IsControl(c) ? '?' : c));
        return line.Length <= LongestShown ? line
            : line[..(char.IsHighSurrogate(line[LongestShown - 1]) ? LongestShown - 1 : LongestShown)] + "…";
    }
}
