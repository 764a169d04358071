using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates patterns that name questions.</summary>
internal static class QuestionPatternRules
{
    /// <summary>Warns of patterns that name no question of the configuration.</summary>
    /// <param name="options">Bound options.</param>
    /// <param name="key">The key of the list.</param>
    /// <param name="patterns">Each is a valid pattern.</param>
    /// <param name="problems">Receives the warnings.</param>
    public static void WarnOfUnknown(EdgeOptions options, string key, IReadOnlyList<string> patterns, ProblemList problems)
    {
        foreach (var pattern in patterns)
        {
            var named = QuestionPattern.Parse(pattern);
            if (!options.Cameras.Any(camera => camera.Value.Questions.Keys.Any(question => named.Matches(camera.Key, question))))
            {
                problems.Warn(key, pattern, "names no question of the configuration, so it has no effect now; correct it, or add the question");
            }
        }
    }
}
