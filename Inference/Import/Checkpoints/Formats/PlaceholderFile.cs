namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

/// <summary>Small files that an incomplete download leaves in place of weights.</summary>
internal static class PlaceholderFile
{
    /// <exception cref="CheckpointException">The file is one of them.</exception>
    public static void Refuse(CheckpointFile file)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(16, file.Length)];
        file.ReadExactly(0, start);
        if (start.StartsWith("version https://"u8))
        {
            throw file.Error("is a Git LFS pointer, not the weights. Run 'git lfs pull' in its folder.");
        }

        if (start.StartsWith("<!"u8) || start.StartsWith("<html"u8))
        {
            throw file.Error("is a web page, not the weights. Download it again, logged in if need be.");
        }
    }
}
