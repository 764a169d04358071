using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Completions;

/// <summary>Texts and tokens as programs exchange them: special tokens are written as <c>&lt;s&gt;</c> and <c>&lt;/s&gt;</c>, and are
/// recognized in a text. Questions are different: what a user writes in them is never a special token.</summary>
public static class TokenText
{
    private const string Begin = "<s>";
    private const string End = "</s>";
    private const string Unknown = "<unk>";

    /// <summary>Ids of a text, in which special tokens are recognized. None is added.</summary>
    public static IReadOnlyList<int> Encode(LlamaTextTokenizer tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        var start = 0;
        while (start < text.Length)
        {
            var begin = text.IndexOf(Begin, start, StringComparison.Ordinal);
            var end = text.IndexOf(End, start, StringComparison.Ordinal);
            var next = begin < 0 ? end : end < 0 ? begin : Math.Min(begin, end);
            ids.AddRange(tokenizer.Encode(text[start..(next < 0 ? text.Length : next)]));
            if (next < 0)
            {
                break;
            }

            ids.Add(next == begin ? tokenizer.BeginId : tokenizer.EndId);
            start = next + (next == begin ? Begin.Length : End.Length);
        }

        return ids;
    }

    /// <summary>The text of ids; <see cref="Encode"/> gives the same ids for what this returns, if they are those of a text.</summary>
    public static string Decode(LlamaTextTokenizer tokenizer, IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        var pending = new List<int>();
        foreach (var id in ids)
        {
            if (Special(tokenizer, id) is { } special)
            {
                Flush();
                text.Append(special);
            }
            else
            {
                pending.Add(id);
            }
        }

        Flush();
        return text.ToString();

        void Flush()
        {
            text.Append(tokenizer.Decode(pending));
            pending.Clear();
        }
    }

    /// <summary>The text of one token with its space; bytes that are not whole characters as <c>bytes:\xe2</c>.</summary>
    public static string Of(LlamaTextTokenizer tokenizer, int id)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (Special(tokenizer, id) is { } special)
        {
            return special;
        }

        var bytes = tokenizer.BytesOf(id);
        if (bytes.IsEmpty)
        {
            return Unknown;
        }

        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder("bytes:");
        foreach (var value in bytes)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        }

        return text.ToString();
    }

    private static string? Special(LlamaTextTokenizer tokenizer, int id) =>
        id == tokenizer.BeginId ? Begin : id == tokenizer.EndId ? End : null;
}
