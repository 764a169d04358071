using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Reports which questions are scored by what was learned for them, and which are not although they name a file.</summary>
internal static class TaughtChecks
{
    public static IEnumerable<Finding> Run(EdgeConfiguration configuration) => configuration.Taught.Uses(running: null).Select(use =>
        use.Scoring.Problem is { } problem
            ? Finding.Note("taught", $"{use.Key}: {problem}", "Teach the question with the model that the service uses (mobilevlm teach), or take Taught out of it.")
            : Finding.Fine("taught", $"{use.Key} is scored by {use.Setting.Path}: {use.Setting.Estimate}{Drift(use.Scoring)}"));

    private static string Drift(TaughtScoring scoring) => scoring.Scorer?.Reference is null
        ? "; an earlier version wrote the file, so that a change of the pictures is not noticed until the question is taught again"
        : "";
}
