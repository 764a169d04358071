using System.Collections;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Fills options from nodes and notes every fault instead of stopping at the first.</summary>
/// <param name="faults">Takes the errors.</param>
/// <param name="root">The options of the whole section, in which a misplaced key is looked up.</param>
/// <param name="section">The section's name.</param>
internal sealed class OptionsBinder(ErrorList faults, Type root, string section)
{
    /// <summary>Options with every value that is right; defaults stand where it is not.</summary>
    public T Bind<T>(SettingNode? node, string key)
        where T : new() => (T)BindGroup(typeof(T), node, key);

    /// <summary>Refuses a key that nothing reads, and says which was probably meant.</summary>
    public void RefuseUnknown(SettingNode node, string key, IReadOnlyList<string> known)
    {
        faults.SetOrigin(key, node.Origin);
        var message = ClosestName.Of(node.Name, known) is { } close ? $"did you mean '{close}'?"
            : KeyLocator.Of(node.Name, root, section) is { } place ? $"it belongs to {place}"
            : $"known here: {string.Join(", ", known)}";

        // The value is not shown: it may be a password under a name of the operator's own.
        faults.Add(key, null, $"is not a known key; {message}");
    }

    private object BindGroup(Type type, SettingNode? node, string key)
    {
        var options = Activator.CreateInstance(type) ?? throw new InvalidOperationException($"{type} cannot be made.");
        if (IsOfShape(node, key, "a group of keys ({ … })") is { } children)
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
            faults.SetOrigin(key, node.Origin);
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
        foreach (var entry in IsOfShape(node, key, $"an object with a name for each {setting.Map!.Placeholder}") ?? [])
        {
            var entryKey = $"{key}:{entry.Name}";
            faults.SetOrigin(entryKey, entry.Origin);
            if (setting.Map.FindFault(entry.Name) is { } fault)
            {
                faults.Add(entryKey, null, fault);
            }

            map[entry.Name] = BindGroup(setting.Type, entry, entryKey);
        }
    }

    private void BindList(Setting setting, object options, SettingNode? node, string key)
    {
        var accepted = $"a list ([\"…\", \"…\"]), each {setting.Accepted.Replace('`', '\'')}";
        var list = new List<string>();
        if (node is { Kind: SettingKind.Text, Children.Count: 0 })
        {
            node = new SettingNode(node.Name, SettingKind.Array, null, node.Origin)
            {
                Children = { new SettingNode("0", SettingKind.Text, node.Text, node.Origin) },
            };
        }

        if (node is { Kind: not (SettingKind.Array or SettingKind.Null), Children: var children }
            && (children.Count == 0 || !children.TrueForAll(it => int.TryParse(it.Name, out _))))
        {
            faults.Add(key, null, $"is no list; {accepted} would be accepted");
            return;
        }

        foreach (var item in node?.Children ?? [])
        {
            var itemKey = $"{key}:{item.Name}";
            faults.SetOrigin(itemKey, item.Origin);
            if (item.Kind != SettingKind.Text || string.IsNullOrWhiteSpace(item.Text))
            {
                faults.Add(itemKey, item.Text, $"is no text; {setting.Accepted.Replace('`', '\'')} would be accepted");
            }
            else if (setting.Rules.FirstOrDefault(rule => rule.FindFault(item.Text) is not null) is { } broken)
            {
                faults.Add(itemKey, item.Text, broken.FindFault(item.Text)!);
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

    private void BindValue(Setting setting, object options, SettingNode? node, string key)
    {
        var accepted = setting.Accepted.Replace('`', '\'');
        if (node is null or { Kind: SettingKind.Null, Children.Count: 0 })
        {
            if (setting.IsRequired)
            {
                faults.Add(key, null, $"is missing; {accepted} would be accepted");
            }

            return;
        }

        if (node.Kind is SettingKind.Object or SettingKind.Array || node.Children.Count > 0)
        {
            faults.Add(key, null, $"is not a single value; {accepted} would be accepted");
            return;
        }

        if (string.IsNullOrWhiteSpace(node.Text))
        {
            var remedy = setting.IsRequired ? "" : "leave it out for the default, or ";
            faults.Add(key, null, $"is empty; {remedy}{accepted} would be accepted");
            return;
        }

        var shown = setting.IsSecret ? null : node.Text;
        if (ScalarText.Parse(node, setting.Type, out var fault) is not { } value)
        {
            // The sentence may repeat the value.
            faults.Add(key, shown, setting.IsSecret ? $"is not a text; {accepted} would be accepted" : fault);
        }
        else if (setting.Rules.Select(rule => rule.FindFault(value)).FirstOrDefault(it => it is not null) is { } broken)
        {
            faults.Add(key, shown, broken);
        }
        else
        {
            setting.Property.SetValue(options, value);
        }
    }

    /// <returns>The children; none of an absent node; null after noting that the node is no object.</returns>
    private List<SettingNode>? IsOfShape(SettingNode? node, string key, string accepted)
    {
        if (node is null || node.Kind is SettingKind.Object or SettingKind.Null)
        {
            return node?.Children ?? [];
        }

        faults.SetOrigin(key, node.Origin);
        var found = node.Kind == SettingKind.Array ? "a list" : "a single value";
        faults.Add(key, null, $"is {found}; {accepted} would be accepted");
        return null;
    }

    private static bool IsNamed(SettingNode node, Setting setting) =>
        node.Name.Equals(setting.Name, StringComparison.OrdinalIgnoreCase);
}
