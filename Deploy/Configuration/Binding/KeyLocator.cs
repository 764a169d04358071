namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Finds the group to which a misplaced key belongs.</summary>
internal static class KeyLocator
{
    /// <summary>The group that has a key of this name; null if there is none.</summary>
    public static string? Of(string name, Type options, string group)
    {
        foreach (var setting in Setting.Of(options))
        {
            if (setting.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return group;
            }

            if (!setting.IsLeaf && Of(name, setting.Type, Inside(setting, group)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The key of the settings inside a group or a map.</summary>
    public static string Inside(Setting setting, string group) =>
        setting.Map is { } map ? $"{group}:{setting.Name}:<{map.Placeholder}>" : $"{group}:{setting.Name}";
}
