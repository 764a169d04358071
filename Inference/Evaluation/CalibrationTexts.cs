namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>Texts of this program, written for this purpose: descriptions, questions, stories, news, instructions, code,
/// letters.</summary>
internal static class CalibrationTexts
{
    private const string Separator = "\n----\n";

    /// <summary>About 4000 tokens for calibration, in texts of a few hundred tokens.</summary>
    public static IReadOnlyList<string> Bundled { get; } = Read("calibration-texts.txt");

    /// <summary>Other texts, on which the loss of a model of text only is measured: about 2000 tokens.</summary>
    public static IReadOnlyList<string> HeldOut { get; } = Read("held-out-texts.txt");

    private static string[] Read(string resource)
    {
        using var stream = typeof(CalibrationTexts).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The program lacks its resource {resource}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n").Trim().Split(Separator);
    }
}
