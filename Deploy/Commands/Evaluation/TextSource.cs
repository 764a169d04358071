using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>The text of <c>perplexity</c>: a text file, or a file of token ids.</summary>
/// <param name="Path">The file.</param>
/// <param name="Option">Its name on the command line, for messages.</param>
/// <param name="HasIds">Whether it holds token ids.</param>
internal sealed record TextSource(string Path, string Option, bool HasIds)
{
    /// <summary>The one of both that was given.</summary>
    /// <exception cref="UsageException">None was given, or both.</exception>
    public static TextSource Of(string? file, string? ids) => (file, ids) switch
    {
        ({ } text, null) => new TextSource(text, "FILE", HasIds: false),
        (null, { } numbers) => new TextSource(numbers, "--ids", HasIds: true),
        (null, null) => throw new UsageException("A text is missing: give FILE, a text, or --ids FILE, token ids."),
        _ => throw new UsageException("FILE and --ids are two texts. Give one of them."),
    };

    /// <summary>Ids of the text.</summary>
    /// <exception cref="UsageException">The file is missing, has something other than a text or ids, or is too short.</exception>
    public int[] Read(ModelFolder folder, LlamaTextTokenizer tokenizer, int window)
    {
        if (!File.Exists(Path))
        {
            throw new UsageException($"{Option}: '{Path}' {(Directory.Exists(Path) ? "is a folder. Name a file." : "does not exist. Check the spelling.")}");
        }

        try
        {
            var ids = HasIds ? TokenIdFile.Read(Path, folder.Manifest.Language.VocabularySize) : PlainTextFile.ReadIds(Path, tokenizer);
            return ids.Length >= window
                ? ids
                : throw new UsageException(
                    $"{Option}: {Path} has {ids.Length} {(HasIds ? "ids" : "tokens")}, fewer than one window of {window}. Use a longer text or a smaller -c.");
        }
        catch (FormatException e)
        {
            throw new UsageException($"{Option}: {e.Message}");
        }
    }
}
