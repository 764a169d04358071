using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Reports the questions that were set over HTTP and count instead of the file's.</summary>
internal static class OverlayChecks
{
    private const string Name = "questions";

    public static IEnumerable<Finding> Run(EdgeConfiguration configuration)
    {
        if (configuration.StateFolder is not { } folder)
        {
            yield break;
        }

        var file = QuestionOverlayFile.PathIn(folder);
        QuestionOverlayFile.Peek(file, out var problem);
        if (problem is not null)
        {
            yield return Finding.Note(
                Name, $"{file} {problem}", "The questions of the configuration file were checked. If only the service's user may read the file, run doctor with sudo.");
        }

        foreach (var use in configuration.OverlayUses)
        {
            yield return use.Effect == OverlayEffect.Unused
                ? Finding.Note(Name, use.ToString(), $"Drop the change: POST /api/v1/cameras/{use.Key.Camera}/questions/{use.Key.Question}/reset")
                : Finding.Fine(Name, use.ToString());
        }
    }
}
