namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Small files that an incomplete download leaves in place of the real ones.</summary>
internal static class PlaceholderFile
{
    /// <summary>Refuses a file of that kind.</summary>
    /// <param name="file">Open.</param>
    /// <param name="expected">What the file should hold, with its article: "the weights".</param>
    /// <exception cref="CheckpointException">The file is one of them.</exception>
    public static void Refuse(CheckpointFile file, string expected)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(16, file.Length)];
        file.ReadExactly(0, start);
        if (start.StartsWith("version https://"u8))
        {
            throw file.Error($"is a Git LFS pointer, not {expected}. Run 'git lfs pull' in its folder.");
        }

        if (start.StartsWith("<!"u8) || start.StartsWith("<html"u8))
        {
            throw file.Error($"is a web page, not {expected}. Download it again, logged in if need be.");
        }
    }

    /// <summary>Refuses a file of that kind.</summary>
    /// <param name="path">Full path of a file.</param>
    /// <param name="expected">What the file should hold, with its article.</param>
    /// <exception cref="CheckpointException">The file is one of them, or cannot be opened.</exception>
    public static void Refuse(string path, string expected)
    {
        using var file = CheckpointFile.Open(path);
        Refuse(file, expected);
    }
}
