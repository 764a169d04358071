namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>Texts for calibration: descriptions, questions, stories, news, instructions, code, letters. About 4000 tokens, written for
/// this purpose.</summary>
internal static class CalibrationTexts
{
    private const string Resource = "calibration-texts.txt";

    private const string Separator = "\n----\n";

    /// <summary>The same texts on every machine, each of a few hundred tokens.</summary>
    public static IReadOnlyList<string> Bundled { get; } = Read();

    private static string[] Read()
    {
        using var stream = typeof(CalibrationTexts).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program lacks its resource {Resource}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n").Trim().Split(Separator);
    }
}
