using System.Text;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>A text file as llama-perplexity reads it.</summary>
internal static class PlainTextFile
{
    /// <summary>Reads a text: all bytes but one line end at the end, encoded at once, the begin token in front.</summary>
    /// <exception cref="FormatException">It is not UTF-8. The message names the file and the place.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static int[] ReadIds(string path, LlamaTextTokenizer tokenizer)
    {
        var bytes = File.ReadAllBytes(path);
        var length = bytes is [.., (byte)'\n'] ? bytes.Length - 1 : bytes.Length;
        try
        {
            return [tokenizer.BeginId, .. tokenizer.Encode(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length))];
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException($"{path} is not UTF-8 text (byte {e.Index}). Convert it first: iconv -t UTF-8.", e);
        }
    }
}
