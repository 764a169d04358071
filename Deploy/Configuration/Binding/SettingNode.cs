namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>The JSON kind of the value at a key.</summary>
internal enum JsonKind
{
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>One key as it was written. It keeps what .NET's own configuration discards and a good message needs: kind, line and
/// variable.</summary>
internal sealed class SettingNode(string name, JsonKind kind, string? text, string origin)
{
    public string Name { get; } = name;

    public JsonKind Kind { get; private set; } = kind;

    /// <summary>The value as written; null for objects, arrays and null.</summary>
    public string? Text { get; private set; } = text;

    /// <summary>"line 12" or "environment variable X".</summary>
    public string Origin { get; private set; } = origin;

    public List<SettingNode> Children { get; } = [];

    public SettingNode? Find(string name) =>
        Children.Find(child => child.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Replaces the value by that of a later source.</summary>
    public void Override(string text, string origin) => (Kind, Text, Origin) = (JsonKind.Text, text, origin);

    /// <summary>Turns null into an object, because null in a file means absent and a later source may fill it.</summary>
    public void BecomeObject(string origin)
    {
        if (Kind == JsonKind.Null)
        {
            (Kind, Origin) = (JsonKind.Object, origin);
        }
    }

    /// <summary>The same value under another name and from another origin.</summary>
    public SettingNode Copy(string name, string origin)
    {
        var copy = new SettingNode(name, Kind, Text, origin);
        copy.Children.AddRange(Children.Select(child => child.Copy(child.Name, origin)));
        return copy;
    }

    /// <summary>The leaves under this key, with colons as in .NET's configuration.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Flatten(string key) =>
        Children.Count == 0
            ? [new(key, Text)]
            : Children.SelectMany(child => child.Flatten($"{key}:{child.Name}"));
}
