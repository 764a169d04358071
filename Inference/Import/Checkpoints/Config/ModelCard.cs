namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>The licence out of README.md: that is where Hugging Face keeps it, in the lines between the first
/// two "---".</summary>
internal static class ModelCard
{
    private const int LongestHead = 200;
    private const int LongestLicense = 64;

    /// <summary>Null when none is declared.</summary>
    public static string? License(CheckpointFolder folder)
    {
        const string key = "license:";
        if (folder.FindFile(CheckpointLayout.ModelCard) is not { } path)
        {
            return null;
        }

        try
        {
            var head = File.ReadLines(path).Take(LongestHead).ToList();
            var line = head.FirstOrDefault()?.Trim() == "---"
                ? head.Skip(1).TakeWhile(line => line.Trim() != "---")
                    .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))
                : null;
            var license = line?[key.Length..].Trim().Trim('"', '\'');
            return string.IsNullOrEmpty(license) || license.Length > LongestLicense ? null : license;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be read: {cause.Message}", cause);
        }
    }
}
