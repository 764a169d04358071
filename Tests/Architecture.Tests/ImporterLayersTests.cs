namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>The importer's folders use each other in one direction only; the code directly in Inference/Import may use all
/// of them.</summary>
public sealed class ImporterLayersTests
{
    private const string Importer = "MobileVlm.Edge.Inference.Import";

    /// <summary>Each folder with those that it may use.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Checkpoints"] = [],
        ["Precision"] = [],
        ["Quantization"] = ["Checkpoints", "Precision"],
        ["Graphs"] = ["Precision", "Quantization"],
        ["Synthesis"] = ["Checkpoints", "Graphs"],
        ["Calibration"] = ["Checkpoints", "Graphs", "Precision", "Quantization"],
    };

    public static TheoryData<string> Folders => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_folder_of_the_importer_uses_only_those_below_it(string folder)
    {
        string[] forbidden = [.. Allowed.Keys.Except(Allowed[folder]).Where(other => other != folder)];
        var sources = Repository.Sources("Inference")
            .Where(file => file.Path.StartsWith($"Inference/Import/{folder}/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(sources);
        Assert.Empty(
            from file in sources
            from line in file.Code()
            from other in forbidden
            where line.Code.Contains($"{Importer}.{other}", StringComparison.Ordinal)
            select $"{file.Path}:{line.Number}: {line.Code}");
    }

    [Fact]
    public void Every_folder_of_the_importer_has_its_place() => Assert.Equal(
        Allowed.Keys.Order(StringComparer.Ordinal),
        Directory.EnumerateDirectories(Path.Combine(Repository.Root, "Inference", "Import"))
            .Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal));
}
