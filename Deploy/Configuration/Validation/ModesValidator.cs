using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between modes, and between their patterns and the questions.</summary>
internal static class ModesValidator
{
    private const string Modes = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Modes)}";
    private const string Initial = $"{EdgeOptions.Section}:{nameof(EdgeOptions.InitialMode)}";

    /// <summary>Home Assistant's word for a selection that is not known.</summary>
    private const string NoMode = "None";

    /// <summary>Adds an error for each broken rule, and a warning for each pattern that names no question.</summary>
    public static void Validate(EdgeOptions options, ProblemList problems)
    {
        foreach (var (name, mode) in options.Modes)
        {
            var key = $"{Modes}:{name}";
            if (name.Equals(NoMode, StringComparison.OrdinalIgnoreCase))
            {
                problems.Add(key, null, "cannot name a mode, because Home Assistant takes it for no mode at all; another name would be accepted");
            }

            if (options.Modes.Keys.TakeWhile(other => other != name).FirstOrDefault(other => other.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } same)
            {
                problems.Add(key, null, $"differs from '{same}' in upper and lower case only; another name would be accepted");
            }

            WarnOfUnknown(options, $"{key}:{nameof(ModeOptions.Skip)}", mode.Skip, problems);
            WarnOfUnknown(options, $"{key}:{nameof(ModeOptions.MuteEvents)}", mode.MuteEvents, problems);
        }

        if (options.InitialMode is { } initial && !problems.Has(Initial) && !options.Modes.Keys.Contains(initial, StringComparer.OrdinalIgnoreCase))
        {
            problems.Add(Initial, initial, options.Modes.Count == 0
                ? $"names a mode, but there are none; define it in {Modes}, or leave InitialMode out"
                : $"is not a mode; {string.Join(", ", options.Modes.Keys.Select(mode => $"'{mode}'"))} would be accepted");
        }
    }

    /// <summary>Warns of patterns that name no question of the configuration.</summary>
    internal static void WarnOfUnknown(EdgeOptions options, string key, IReadOnlyList<string> patterns, ProblemList problems)
    {
        foreach (var pattern in patterns)
        {
            var named = QuestionPattern.Parse(pattern);
            if (!options.Cameras.Any(camera => camera.Value.Questions.Keys.Any(question => named.Matches(camera.Key, question))))
            {
                problems.Warn(key, pattern, "names no question of the configuration, so it has no effect now");
            }
        }
    }
}
