using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Reports the questions that were set over HTTP and count instead of the file's.</summary>
internal static class OverlayChecks
{
    private const string Name = "questions";

    public static IEnumerable<Finding> Run(EdgeConfiguration configuration, ServiceUnit? unit)
    {
        if ((configuration.StateFolder ?? unit?.StateFolder) is not { } folder)
        {
            yield break;
        }

        var file = QuestionOverlayFile.PathIn(folder);
        var overlay = QuestionOverlayFile.Peek(file, out var problem);
        if (problem is not null)
        {
            yield return Finding.Note(Name, $"{file} {problem}", "The questions of the configuration file count.");
        }

        foreach (var use in configuration.With(overlay).OverlayUses)
        {
            yield return use.Effect == OverlayEffect.Unused
                ? Finding.Note(Name, use.ToString(), $"Drop the change: POST /api/v1/cameras/{use.Key.Camera}/questions/{use.Key.Question}/reset")
                : Finding.Fine(Name, use.ToString());
        }
    }
}
