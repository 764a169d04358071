namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>A checkpoint cannot be read. The message names the file, what was found, what was expected and what
/// to do about it; retrying without changing the files does not help.</summary>
public sealed class CheckpointException : Exception
{
    // Names in the message come from the file; a hostile one must neither flood a log nor send control characters to a terminal.
    private const int LongestMessage = 2000;

    public CheckpointException(string file, string problem, Exception? cause = null)
        : base(Printable($"{file}: {problem}"), cause) => File = file;

    /// <summary>Full path of the file or folder that cannot be read.</summary>
    public string File { get; }

    private static string Printable(string message)
    {
        var cut = message.Length > LongestMessage ? message[..LongestMessage] + "..." : message;
        return string.Create(cut.Length, cut, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
            }
        });
    }
}
