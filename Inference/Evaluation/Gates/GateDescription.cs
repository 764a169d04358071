using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>Describes what a loss was measured on.</summary>
internal static class GateDescription
{
    /// <summary>In words, for the manifest: <c>10 held-out photographs, 60 questions; calibrated with 8 photographs, …</c>.</summary>
    public static string Of(CalibrationSet set, GatePrompts prompts)
    {
        var calibrated = $"calibrated with {set.Describe(prompts.HasVision)}";
        if (!prompts.HasVision)
        {
            return $"{prompts.Sequences.Count} held-out texts; {calibrated}";
        }

        var scenes = set.Pictures.Count + set.Gates.Pictures.Count;
        return $"{prompts.Sequences.Count} held-out {set.Gates.Kind}, {prompts.Continuations.Count()} questions; {calibrated}"
            + (scenes < GateSet.FewScenes ? $"; only {scenes} scenes, so others may lose more" : "");
    }

    public static GateScenes ScenesOf(CalibrationSet set, GatePrompts prompts) => prompts.HasVision
        ? new GateScenes(set.Gates.Kind, set.Pictures.Count, prompts.Sequences.Count, set.Gates.Fingerprint)
        : new GateScenes("texts", set.Texts.Count, prompts.Sequences.Count, set.Gates.Fingerprint);
}
