namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>Overrides the values of a file with environment variables (<c>MobileVlm__Mqtt__Broker</c>).</summary>
internal static class EnvironmentSettings
{
    private const string Separator = "__";

    /// <summary>Applies each variable of these sections. An empty variable counts as not set, because compose and unit files
    /// pass on variables that have no value.</summary>
    /// <returns>The number of applied variables.</returns>
    public static int Apply(
        IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> sections, SettingNode root, ProblemList problems)
    {
        var applied = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (variable, value) in environment.OrderBy(it => it.Key, StringComparer.Ordinal))
        {
            var path = variable.Split(Separator);
            if (path.Length < 2 || value.Length == 0 || !sections.Contains(path[0], StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            if (!applied.TryAdd(variable, variable))
            {
                problems.Add(
                    string.Join(':', path),
                    null,
                    $"is set by two environment variables, {applied[variable]} and {variable}; unset one");
                continue;
            }

            Set(root, path, value, $"{ConfigurationProblem.VariableOrigin}{variable}");
        }

        return applied.Count;
    }

    private static void Set(SettingNode root, string[] path, string value, string origin)
    {
        var node = root;
        foreach (var (name, last) in path.Select((name, at) => (name, at == path.Length - 1)))
        {
            var child = node.Find(name);
            if (child is null)
            {
                child = new SettingNode(name, JsonKind.Null, null, origin);
                node.Children.Add(child);
            }

            if (last)
            {
                child.Override(value, origin);
            }
            else
            {
                child.BecomeObject(origin);
            }

            node = child;
        }
    }
}
