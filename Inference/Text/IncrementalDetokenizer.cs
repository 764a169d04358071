using System.Buffers;
using System.Text;

namespace MobileVlm.Edge.Inference.Text;

/// <summary>Turns ids into text one by one and never cuts a character: bytes wait until they are complete. Bytes that are
/// not UTF-8 become one replacement character each, as SentencePiece does. The space that SentencePiece adds before the
/// first word is left out. Use one per answer.</summary>
public sealed class IncrementalDetokenizer(LlamaTextTokenizer tokenizer)
{
    private readonly List<byte> _pending = [];
    private bool _started;

    /// <summary>Text that this id completes; empty while a character is unfinished.</summary>
    public string Push(int id)
    {
        var bytes = tokenizer.BytesOf(id);
        if (!_started && bytes.Length > 0)
        {
            _started = true;
            if (bytes[0] == (byte)' ')
            {
                bytes = bytes[1..];
            }
        }

        _pending.AddRange(bytes);
        return Take(flush: false);
    }

    /// <summary>The rest of the text: replacement characters for a character that was never finished.</summary>
    public string Finish() => Take(flush: true);

    private string Take(bool flush)
    {
        var text = new StringBuilder();
        var rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending);
        while (rest.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData && !flush)
            {
                break;
            }

            text.Append(rune.ToString());
            rest = rest[(status == OperationStatus.Done ? consumed : 1)..];
        }

        _pending.RemoveRange(0, _pending.Count - rest.Length);
        return text.ToString();
    }
}
