using System.Text;
using Microsoft.ML.Tokenizers;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Text;

/// <summary>LLaMA's SentencePiece tokenizer: text to ids, and the bytes of each id. Thread-safe.</summary>
public sealed class LlamaTextTokenizer
{
    /// <summary>SentencePiece's stand-in for a space.</summary>
    private const char SpaceMark = '▁';

    private readonly LlamaTokenizer _tokenizer;
    private readonly PairMerger _merger;
    private readonly byte[]?[] _bytes;

    private LlamaTextTokenizer(LlamaTokenizer tokenizer, PairMerger merger)
    {
        (_tokenizer, _merger) = (tokenizer, merger);
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

    /// <summary>Ids are below this.</summary>
    internal int Count => _bytes.Length;

    /// <exception cref="ModelFolderException">The file is not a SentencePiece model.</exception>
    public static LlamaTextTokenizer Open(ModelFolder folder) => Open(folder.PathOf(ModelFolder.TokenizerFile));

    /// <exception cref="ModelFolderException">The file is not a SentencePiece model.</exception>
    internal static LlamaTextTokenizer Open(string path)
    {
        try
        {
            var model = File.ReadAllBytes(path);
            var merger = new PairMerger(PieceScores.Read(model));
            using var stream = new MemoryStream(model);
            return new LlamaTextTokenizer(
                LlamaTokenizer.Create(stream, addBeginOfSentence: false, addEndOfSentence: false), merger);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or InvalidDataException
            or IndexOutOfRangeException or Google.Protobuf.InvalidProtocolBufferException)
        {
            throw new ModelFolderException(
                Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)} is not a SentencePiece model ({e.Message}). Download it again.", e);
        }
    }

    /// <summary>Ids of a text that stands by itself, without begin or end token. Special tokens written in it are
    /// ordinary characters.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        var ids = new List<int>();
        _merger.Merge(Marked(text), (id, characters) =>
        {
            if (id is { } known)
            {
                ids.Add(known);
            }
            else
            {
                AddBytes(characters, ids);
            }
        });
        return ids;
    }

    /// <summary>Id of a piece as it stands in the vocabulary (a space is <c>▁</c>), or null.</summary>
    internal int? PieceId(string piece) => _tokenizer.Vocabulary.TryGetValue(piece, out var id) ? id : null;

    /// <summary>UTF-8 bytes that an id stands for; empty for special tokens and for ids that are not in the vocabulary.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : [];

    /// <summary>Whole text of ids.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var stream = new TokenizerStream(this);
        var text = string.Concat(ids.Select(stream.Push));
        return text + stream.Finish();
    }

    /// <summary>Spaces as pieces have them, one more in front, and no half characters.</summary>
    private string Marked(string text)
    {
        var marked = new StringBuilder(text.Length + 1);
        if (_tokenizer.AddDummyPrefix)
        {
            marked.Append(SpaceMark);
        }

        foreach (var rune in text.EnumerateRunes())
        {
            marked.Append(rune.Value == ' ' ? SpaceMark.ToString() : rune.ToString());
        }

        return marked.ToString();
    }

    private void AddBytes(ReadOnlySpan<char> characters, List<int> ids)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var value in bytes[..Encoding.UTF8.GetBytes(characters, bytes)])
        {
            ids.Add(PieceId($"<0x{value:X2}>") ?? _tokenizer.UnknownId);
        }
    }

    private static byte[] BytesOf(string piece) =>
        piece is ['<', '0', 'x', _, _, '>'] && byte.TryParse(
            piece.AsSpan(3, 2), System.Globalization.NumberStyles.HexNumber, null, out var value)
            ? [value]
            : Encoding.UTF8.GetBytes(piece.Replace(SpaceMark, ' '));
}
