using System.Globalization;
using Google.Protobuf;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>The vocabulary of a GGUF file as a SentencePiece model: the pieces with their scores and types, which are the same numbers in
/// both, and how texts are normalized.</summary>
internal static class GgufTokenizer
{
    public const string BeginKey = "tokenizer.ggml.bos_token_id";
    public const string EndKey = "tokenizer.ggml.eos_token_id";

    private const string ModelKey = "tokenizer.ggml.model";
    private const string PiecesKey = "tokenizer.ggml.tokens";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string TypesKey = "tokenizer.ggml.token_type";
    private const string UnknownKey = "tokenizer.ggml.unknown_token_id";
    private const string PrefixKey = "tokenizer.ggml.add_space_prefix";
    private const string WhitespaceKey = "tokenizer.ggml.remove_extra_whitespaces";

    // Numbers of sentencepiece_model.proto.
    private const int BytePairModel = 2;
    private const int LastType = 6;
    private const int ByteType = 6;

    /// <summary>The SentencePiece model, as its file would be.</summary>
    /// <param name="keys">Of the decoder's file.</param>
    /// <param name="vocabulary">Rows of the embeddings, as many as there must be pieces.</param>
    /// <exception cref="CheckpointException">There is none, it is of another kind, or it has another size.</exception>
    public static byte[] ToSentencePiece(GgufMetadata keys, int vocabulary)
    {
        if (keys.Text(ModelKey) != "llama")
        {
            throw keys.Error(ModelKey, "\"llama\" (SentencePiece)");
        }

        if (keys.Flag(WhitespaceKey, fallback: false))
        {
            throw keys.Error(WhitespaceKey, "false");
        }

        var pieces = keys.Texts(PiecesKey) ?? throw keys.Error(PiecesKey, "an array of texts");
        var scores = SameCount(keys, ScoresKey, pieces.Length);
        var types = SameCount(keys, TypesKey, pieces.Length);
        if (pieces.Length != vocabulary)
        {
            throw keys.Error(PiecesKey, $"{vocabulary} texts, as many as the embeddings have rows");
        }

        int Id(string key, int fallback) => keys.Integer(key, 0, pieces.Length - 1, Math.Min(fallback, pieces.Length - 1));
        using var file = new MemoryStream();
        using (var output = new CodedOutputStream(file, leaveOpen: true))
        {
            for (var id = 0; id < pieces.Length; id++)
            {
                WritePiece(output, pieces[id], (float)scores[id], Type(keys, types[id], pieces[id]));
            }

            WriteMessage(output, 2, training =>
            {
                WriteInteger(training, 3, BytePairModel);
                WriteInteger(training, 4, pieces.Length);
                WriteInteger(training, 35, 1);
                WriteInteger(training, 40, Id(UnknownKey, 0));
                WriteInteger(training, 41, Id(BeginKey, 1));
                WriteInteger(training, 42, Id(EndKey, 2));
                WriteInteger(training, 43, -1);
            });
            WriteMessage(output, 3, normalization =>
            {
                normalization.WriteTag(1, WireFormat.WireType.LengthDelimited);
                normalization.WriteString("identity");
                WriteInteger(normalization, 3, keys.Flag(PrefixKey, fallback: true) ? 1 : 0);
                WriteInteger(normalization, 4, 0);
                WriteInteger(normalization, 5, 1);
            });
        }

        return file.ToArray();
    }

    private static double[] SameCount(GgufMetadata keys, string key, int count) =>
        keys.Numbers(key) is { } numbers && numbers.Length == count ? numbers : throw keys.Error(key, $"an array of {count} numbers, one for each of '{PiecesKey}'");

    private static int Type(GgufMetadata keys, double type, byte[] piece)
    {
        if (type is not (>= 1 and <= LastType) || type != Math.Floor(type))
        {
            throw keys.Error(TypesKey, $"numbers from 1 to {LastType}, and not {type.ToString(CultureInfo.InvariantCulture)}");
        }

        return type != ByteType || IsByte(piece) ? (int)type : throw keys.Error(PiecesKey, "pieces of type 6 of the form <0x00>");
    }

    private static bool IsByte(ReadOnlySpan<byte> piece) =>
        piece.Length == 6 && piece.StartsWith("<0x"u8) && piece[5] == '>' && char.IsAsciiHexDigit((char)piece[3]) && char.IsAsciiHexDigit((char)piece[4]);

    private static void WritePiece(CodedOutputStream output, byte[] text, float score, int type) => WriteMessage(output, 1, piece =>
    {
        piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
        piece.WriteBytes(UnsafeByteOperations.UnsafeWrap(text));
        piece.WriteTag(2, WireFormat.WireType.Fixed32);
        piece.WriteFloat(score);
        WriteInteger(piece, 3, type);
    });

    private static void WriteMessage(CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        using var message = new MemoryStream();
        using (var inner = new CodedOutputStream(message, leaveOpen: true))
        {
            write(inner);
        }

        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(message.ToArray()));
    }

    private static void WriteInteger(CodedOutputStream output, int field, int value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt32(value);
    }
}
