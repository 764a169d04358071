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

            QuestionPatternRules.WarnOfUnknown(options, $"{key}:{nameof(ModeOptions.Skip)}", mode.Skip, problems);
            QuestionPatternRules.WarnOfUnknown(options, $"{key}:{nameof(ModeOptions.MuteEvents)}", mode.MuteEvents, problems);
        }

        if (options.InitialMode is { } initial && !problems.Has(Initial) && !options.Modes.Keys.Contains(initial, StringComparer.OrdinalIgnoreCase))
        {
            problems.Add(Initial, initial, options.Modes.Count == 0
                ? $"names a mode, but none is defined; define it in {Modes}, or leave InitialMode out"
                : $"is not a mode; {string.Join(", ", options.Modes.Keys.Select(mode => $"'{mode}'"))} would be accepted");
        }
    }
}
