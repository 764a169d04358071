using System.Globalization;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Inference.Teaching.Files;

namespace MobileVlm.Edge.Actors.Labels.Teaching;

/// <summary>What was learned of a question, one file for each version: <c>taught/CAMERA/QUESTION/N.json</c>. Blocks; one call at a
/// time.</summary>
/// <param name="folder">The folder of all questions, which is created.</param>
internal sealed class TaughtFolder(string folder)
{
    /// <summary>Versions of a question that are kept.</summary>
    private const int MostVersions = 100;

    private const string Ending = ".json";

    /// <summary>Writes the next version.</summary>
    /// <returns>Its number.</returns>
    public int Write(string camera, string question, TaughtQuestion taught)
    {
        PrivateFiles.CreateFolder(FolderOf(camera, question));
        var numbers = Numbers(camera, question);
        var next = numbers.Count == 0 ? 1 : numbers[^1] + 1;
        TaughtFile.Write(FileOf(camera, question, next), taught);
        foreach (var old in numbers.SkipLast(MostVersions - 1))
        {
            File.Delete(FileOf(camera, question, old));
        }

        return next;
    }

    /// <summary>All versions, newest first.</summary>
    public IReadOnlyList<TaughtVersion> List(string camera, string question) =>
        [.. Numbers(camera, question).AsEnumerable().Reverse().Select(number => Describe(number, FileOf(camera, question, number)))];

    /// <summary>The file of a version.</summary>
    public string FileOf(string camera, string question, int number) =>
        Path.Combine(FolderOf(camera, question), string.Create(CultureInfo.InvariantCulture, $"{number}{Ending}"));

    private static TaughtVersion Describe(int number, string file)
    {
        var at = new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero);
        try
        {
            var taught = TaughtFile.Read(file);
            return new TaughtVersion(
                number, file, at, taught.Chosen.ToString().ToLowerInvariant(), taught.Labels, new LearnedEstimate(taught.Estimate.Accuracy, taught.Estimate.Low, taught.Estimate.High));
        }
        catch (TaughtFileException)
        {
            return new TaughtVersion(number, file, at, null, new Dictionary<string, int>(), null);
        }
    }

    private List<int> Numbers(string camera, string question)
    {
        var path = FolderOf(camera, question);
        return !Directory.Exists(path) ? [] : [.. Directory.EnumerateFiles(path, $"*{Ending}")
            .Select(file => int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Where(number => number > 0)
            .Order()];
    }

    private string FolderOf(string camera, string question) => Path.Combine(folder, camera, question);
}
