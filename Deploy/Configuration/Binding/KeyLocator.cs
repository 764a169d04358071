namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Finds where a key that is written in the wrong place belongs.</summary>
internal static class KeyLocator
{
    /// <summary>The group that has a key of this name; null when none has.</summary>
    public static string? Of(string name, Type options, string place)
    {
        foreach (var setting in Setting.Of(options))
        {
            if (setting.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return place;
            }

            if (!setting.IsLeaf && Of(name, setting.Type, Inside(setting, place)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The key of what stands inside a group or a map.</summary>
    public static string Inside(Setting setting, string place) =>
        setting.Map is { } map ? $"{place}:{setting.Name}:<{map.Placeholder}>" : $"{place}:{setting.Name}";
}
