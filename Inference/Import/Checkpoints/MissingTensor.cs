using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Explains a missing tensor by the names that are most like it: usually a name is nearly right, or a file is of another
/// model.</summary>
internal static class MissingTensor
{
    private const int NamesShown = 3;

    public static string Explain(string name, IEnumerable<string> present, IReadOnlyList<string> files)
    {
        var nearest = present
            .Select(candidate => (Name: candidate, Distance: EditDistance.Of(name, candidate)))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Take(NamesShown)
            .Select(candidate => $"'{candidate.Name}'");
        return $"has no tensor '{name}' in {string.Join(", ", files.Select(Path.GetFileName))}. "
            + $"Closest are {string.Join(", ", nearest)}. Check that all files are of the same model and "
            + "that the download is complete.";
    }
}
