namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>What stands at a key.</summary>
internal enum SettingKind
{
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>One key as it was written: what .NET's own configuration forgets (kind, line, variable) is what a good
/// message needs.</summary>
internal sealed class SettingNode(string name, SettingKind kind, string? text, string origin)
{
    public string Name { get; } = name;

    public SettingKind Kind { get; private set; } = kind;

    /// <summary>The value as written; null for objects, arrays and null.</summary>
    public string? Text { get; private set; } = text;

    /// <summary>"line 12" or "environment variable X".</summary>
    public string Origin { get; private set; } = origin;

    public List<SettingNode> Children { get; } = [];

    public SettingNode? Find(string name) =>
        Children.Find(child => child.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A later source says otherwise.</summary>
    public void Override(string text, string origin) => (Kind, Text, Origin) = (SettingKind.Text, text, origin);

    /// <summary>Null in the file is as good as absent, so a later source may fill it.</summary>
    public void BecomeObject(string origin)
    {
        if (Kind == SettingKind.Null)
        {
            (Kind, Origin) = (SettingKind.Object, origin);
        }
    }

    /// <summary>The leaves under this key, with colons as .NET's configuration writes them.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Flatten(string key) =>
        Children.Count == 0
            ? [new(key, Text)]
            : Children.SelectMany(child => child.Flatten($"{key}:{child.Name}"));
}
