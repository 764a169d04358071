using System.Collections;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Sets options from nodes and collects every error instead of stopping at the first.</summary>
/// <param name="problems">Takes the errors.</param>
/// <param name="root">The options of the whole section, in which a misplaced key is looked up.</param>
/// <param name="section">The section's name.</param>
internal sealed class OptionsBinder(ProblemList problems, Type root, string section)
{
    /// <summary>Keys of required settings that may be left out in this configuration.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    /// <summary>Returns options with every valid value; an invalid value is replaced by the default.</summary>
    public T Bind<T>(SettingNode? node, string key)
        where T : new() => (T)BindGroup(typeof(T), node, key);

    /// <summary>Adds an error for an unknown key, with the key that was probably intended.</summary>
    public void RefuseUnknown(SettingNode node, string key, IReadOnlyList<string> known)
    {
        problems.SetOrigin(key, node.Origin);
        var message = ClosestName.Of(node.Name, known) is { } close ? $"did you mean '{close}'?"
            : KeyLocator.Of(node.Name, root, section) is { } group ? $"it belongs to {group}"
            : $"known here: {string.Join(", ", known)}";

        // The value is not shown, because it may be a password under a name that the operator invented.
        problems.Add(key, null, $"is not a known key; {message}");
    }

    private object BindGroup(Type type, SettingNode? node, string key)
    {
        var options = Activator.CreateInstance(type) ?? throw new InvalidOperationException($"{type} cannot be made.");
        if (ReadChildren(node, key, "a group of keys ({ … })") is { } children)
        {
            var settings = Setting.Of(type);
            foreach (var setting in settings)
            {
                Bind(setting, options, children.Find(it => IsNamed(it, setting)), $"{key}:{setting.Name}");
            }

            var names = settings.Select(it => it.Name).ToList();
            foreach (var unknown in children.Where(it => !settings.Any(setting => IsNamed(it, setting))))
            {
                RefuseUnknown(unknown, $"{key}:{unknown.Name}", names);
            }
        }

        return options;
    }

    private void Bind(Setting setting, object options, SettingNode? node, string key)
    {
        if (node is not null)
        {
            problems.SetOrigin(key, node.Origin);
        }

        switch (setting.Shape)
        {
            case SettingShape.Group:
                setting.Property.SetValue(options, BindGroup(setting.Type, node, key));
                break;
            case SettingShape.Map:
                BindMap(setting, (IDictionary)setting.Property.GetValue(options)!, node, key);
                break;
            case SettingShape.List:
                BindList(setting, options, node, key);
                break;
            case SettingShape.Value:
                BindValue(setting, options, node, key);
                break;
        }
    }

    private void BindMap(Setting setting, IDictionary map, SettingNode? node, string key)
    {
        foreach (var entry in ReadChildren(node, key, $"an object with a name for each {setting.Map!.Placeholder}") ?? [])
        {
            var entryKey = $"{key}:{entry.Name}";
            problems.SetOrigin(entryKey, entry.Origin);
            if (setting.Map.FindError(entry.Name) is { } error)
            {
                problems.Add(entryKey, null, error);
            }

            map[entry.Name] = BindGroup(setting.Type, entry, entryKey);
        }
    }

    private void BindList(Setting setting, object options, SettingNode? node, string key)
    {
        var accepted = $"a list ([\"…\", \"…\"]), each {setting.Accepted.Replace('`', '\'')}";
        var list = new List<string>();
        if (node is { Kind: JsonKind.Text, Children.Count: 0 })
        {
            node = new SettingNode(node.Name, JsonKind.Array, null, node.Origin)
            {
                Children = { new SettingNode("0", JsonKind.Text, node.Text, node.Origin) },
            };
        }

        if (node is { Kind: not (JsonKind.Array or JsonKind.Null), Children: var children }
            && (children.Count == 0 || !children.TrueForAll(it => int.TryParse(it.Name, out _))))
        {
            problems.Add(key, null, $"is not a list; {accepted} would be accepted");
            return;
        }

        foreach (var item in node?.Children ?? [])
        {
            var itemKey = $"{key}:{item.Name}";
            problems.SetOrigin(itemKey, item.Origin);
            if (item.Kind != JsonKind.Text || string.IsNullOrWhiteSpace(item.Text))
            {
                problems.Add(itemKey, item.Text, $"is not a text; {setting.Accepted.Replace('`', '\'')} would be accepted");
            }
            else if (setting.Rules.FirstOrDefault(rule => rule.FindError(item.Text) is not null) is { } broken)
            {
                problems.Add(itemKey, item.Text, broken.FindError(item.Text)!);
                if (broken is TextLengthAttribute)
                {
                    // It is used in spite of the error, because it may be too long for the model as well.
                    list.Add(item.Text);
                }
            }
            else
            {
                list.Add(item.Text);
            }
        }

        setting.Property.SetValue(options, list);
    }

    /// <summary>The first sentence of a description, to continue a sentence.</summary>
    private static string FirstSentence(string description)
    {
        var sentence = description.Split(". ")[0].TrimEnd('.').Replace('`', '\'');
        return sentence.Length > 1 && char.IsUpper(sentence[1]) ? sentence : char.ToLowerInvariant(sentence[0]) + sentence[1..];
    }

    private void BindValue(Setting setting, object options, SettingNode? node, string key)
    {
        var accepted = setting.Accepted.Replace('`', '\'');
        if (node is null or { Kind: JsonKind.Null, Children.Count: 0 })
        {
            if (setting.IsRequired && !Optional.Contains(key))
            {
                problems.Add(key, null, $"is missing: {FirstSentence(setting.Description)}; {accepted} would be accepted");
            }

            return;
        }

        if (node.Kind is JsonKind.Object or JsonKind.Array || node.Children.Count > 0)
        {
            problems.Add(key, null, $"is not a single value; {accepted} would be accepted");
            return;
        }

        if (string.IsNullOrWhiteSpace(node.Text) && !(node.Text == "" && setting.AllowsEmpty))
        {
            var remedy = setting.IsRequired ? "" : "leave it out for the default, or ";
            problems.Add(key, null, $"is empty; {remedy}{accepted} would be accepted");
            return;
        }

        var shown = setting.IsSecret ? null : node.Text;
        if (ScalarText.Parse(node, setting.Type, out var error) is not { } value)
        {
            // The message may repeat the value, which must not be shown.
            problems.Add(key, shown, setting.IsSecret ? $"is not a text; {accepted} would be accepted" : error);
        }
        else if (setting.Rules.Select(rule => rule.FindError(value)).FirstOrDefault(it => it is not null) is { } broken)
        {
            problems.Add(key, shown, broken);
        }
        else
        {
            setting.Property.SetValue(options, value);
        }
    }

    /// <returns>The children of an object; empty for a missing node; null, after an error was added, for any other node.</returns>
    private List<SettingNode>? ReadChildren(SettingNode? node, string key, string accepted)
    {
        if (node is null || node.Kind is JsonKind.Object or JsonKind.Null)
        {
            return node?.Children ?? [];
        }

        problems.SetOrigin(key, node.Origin);
        var found = node.Kind == JsonKind.Array ? "a list" : "a single value";
        problems.Add(key, null, $"is {found}; {accepted} would be accepted");
        return null;
    }

    private static bool IsNamed(SettingNode node, Setting setting) =>
        node.Name.Equals(setting.Name, StringComparison.OrdinalIgnoreCase);
}
