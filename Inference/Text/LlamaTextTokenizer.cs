using Microsoft.ML.Tokenizers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Text;

/// <summary>LLaMA's SentencePiece tokenizer: text to ids, and the bytes of each id. Thread-safe.</summary>
public sealed class LlamaTextTokenizer
{
    /// <summary>SentencePiece's stand-in for a space.</summary>
    private const char SpaceMark = '▁';

    private readonly LlamaTokenizer _tokenizer;
    private readonly byte[]?[] _bytes;

    private LlamaTextTokenizer(LlamaTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        BeginId = tokenizer.BeginningOfSentenceId;
        EndId = tokenizer.EndOfSentenceId;
        _bytes = new byte[tokenizer.Vocabulary.Values.Max() + 1][];
        foreach (var (piece, id) in tokenizer.Vocabulary)
        {
            _bytes[id] = id == BeginId || id == EndId || id == tokenizer.UnknownId ? [] : BytesOf(piece);
        }
    }

    /// <summary>Id of <c>&lt;s&gt;</c>.</summary>
    public int BeginId { get; }

    /// <summary>Id of <c>&lt;/s&gt;</c>.</summary>
    public int EndId { get; }

    /// <exception cref="ModelFolderException">The file is not a SentencePiece model.</exception>
    public static LlamaTextTokenizer Open(ModelFolder folder)
    {
        try
        {
            using var stream = File.OpenRead(folder.PathOf(ModelFolder.TokenizerFile));
            return new LlamaTextTokenizer(LlamaTokenizer.Create(stream, addBeginOfSentence: false, addEndOfSentence: false));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or InvalidDataException
            or IndexOutOfRangeException or Google.Protobuf.InvalidProtocolBufferException)
        {
            throw new ModelFolderException(
                folder.FolderPath, $"{ModelFolder.TokenizerFile} is not a SentencePiece model ({e.Message}). Download it again.", e);
        }
    }

    /// <summary>Ids of a text that stands by itself, without begin or end token. Special tokens written in it are
    /// ordinary characters.</summary>
    public IReadOnlyList<int> Encode(string text) =>
        text.Length == 0 ? [] : _tokenizer.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false);

    /// <summary>Id of a piece as it stands in the vocabulary (a space is <c>▁</c>), or null.</summary>
    internal int? PieceId(string piece) => _tokenizer.Vocabulary.TryGetValue(piece, out var id) ? id : null;

    /// <summary>UTF-8 bytes that an id stands for; empty for special tokens and for ids that are not in the vocabulary.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : [];

    /// <summary>Whole text of ids.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var stream = new TextStream(this);
        var text = string.Concat(ids.Select(stream.Push));
        return text + stream.Finish();
    }

    private static byte[] BytesOf(string piece) =>
        piece is ['<', '0', 'x', _, _, '>'] && byte.TryParse(
            piece.AsSpan(3, 2), System.Globalization.NumberStyles.HexNumber, null, out var value)
            ? [value]
            : System.Text.Encoding.UTF8.GetBytes(piece.Replace(SpaceMark, ' '));
}
