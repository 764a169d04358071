using System.Globalization;
using System.Text;
using Google.Protobuf;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Text;

/// <summary>LLaMA's SentencePiece tokenizer: text to ids, and the bytes of each id. Thread-safe.</summary>
public sealed class LlamaTextTokenizer
{
    /// <summary>SentencePiece's replacement for a space.</summary>
    private const char SpaceMark = '▁';

    private readonly SentencePieceModel _model;
    private readonly PairMerger _merger;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>Bytes by id.</summary>
    private readonly byte[][] _bytes;

    /// <summary>Ids by byte, for characters that no piece stands for.</summary>
    private readonly int[] _byteIds = new int[256];

    private LlamaTextTokenizer(SentencePieceModel model)
    {
        _model = model;
        _bytes = new byte[model.Pieces.Count][];
        Array.Fill(_byteIds, model.UnknownId);
        var mergeable = new Dictionary<string, MergeablePiece>(StringComparer.Ordinal);
        foreach (var (id, piece) in model.Pieces.Index())
        {
            _ids.TryAdd(piece.Text, id);
            _bytes[id] = piece.Type switch
            {
                PieceType.Unknown or PieceType.Control => [],
                PieceType.Byte => [ByteOf(piece.Text)],
                _ => Encoding.UTF8.GetBytes(piece.Text.Replace(SpaceMark, ' ')),
            };
            if (piece.Type == PieceType.Byte)
            {
                _byteIds[_bytes[id][0]] = id;
            }

            // Special tokens and bytes that are written in a text are ordinary characters.
            if (piece.Type is PieceType.Normal or PieceType.UserDefined)
            {
                mergeable.TryAdd(piece.Text, new MergeablePiece(id, piece.Score));
            }
        }

        _merger = new PairMerger(mergeable);
    }

    /// <summary>Id of <c>&lt;s&gt;</c>.</summary>
    public int BeginId => _model.BeginId;

    /// <summary>Id of <c>&lt;/s&gt;</c>.</summary>
    public int EndId => _model.EndId;

    /// <summary>Ids are below this.</summary>
    internal int Count => _bytes.Length;

    /// <exception cref="ModelFolderException">The file is not a SentencePiece model.</exception>
    public static LlamaTextTokenizer Open(ModelFolder folder) => Open(folder.PathOf(ModelFolder.TokenizerFile));

    /// <exception cref="ModelFolderException">The file is not a SentencePiece model.</exception>
    internal static LlamaTextTokenizer Open(string path) => Read(File.ReadAllBytes(path), path);

    /// <param name="file">The whole SentencePiece model.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <exception cref="ModelFolderException">It is not a SentencePiece model.</exception>
    internal static LlamaTextTokenizer Read(byte[] file, string path)
    {
        try
        {
            return new LlamaTextTokenizer(SentencePieceModel.Read(file));
        }
        catch (Exception e) when (e is InvalidDataException or InvalidProtocolBufferException)
        {
            throw new ModelFolderException(
                Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)} is not a SentencePiece model ({e.Message}). Download it again.", e);
        }
    }

    /// <summary>Ids of a text that is encoded by itself, without begin or end token. Special tokens written in it are
    /// ordinary characters.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        var ids = new List<int>();
        _merger.Merge(Escape(text), (id, characters) =>
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

    /// <summary>Id of a piece as the vocabulary spells it (a space is <c>▁</c>), or null.</summary>
    internal int? PieceId(string piece) => _ids.TryGetValue(piece, out var id) ? id : null;

    /// <summary>UTF-8 bytes that an id stands for; empty for special tokens and for ids that are not in the vocabulary.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : [];

    /// <summary>Whole text of ids.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var stream = new IncrementalDetokenizer(this);
        var text = string.Concat(ids.Select(stream.Push));
        return text + stream.Finish();
    }

    /// <summary>Spaces as pieces have them, one more before the text, and no lone surrogates.</summary>
    private string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 1);
        if (_model.AddDummyPrefix)
        {
            escaped.Append(SpaceMark);
        }

        foreach (var rune in text.EnumerateRunes())
        {
            escaped.Append(rune.Value == ' ' ? SpaceMark.ToString() : rune.ToString());
        }

        return escaped.ToString();
    }

    private void AddBytes(ReadOnlySpan<char> characters, List<int> ids)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var value in bytes[..Encoding.UTF8.GetBytes(characters, bytes)])
        {
            ids.Add(_byteIds[value]);
        }
    }

    private static byte ByteOf(string piece) =>
        piece is ['<', '0', 'x', _, _, '>'] && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidDataException($"its byte piece '{piece}' is not of the form <0x00>");
}
