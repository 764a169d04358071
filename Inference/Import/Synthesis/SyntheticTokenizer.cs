using Google.Protobuf;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>A SentencePiece model of LLaMA's kind and size that was never trained: special tokens, bytes, merges of
/// invented syllables and of some English words, single characters, and unused pieces up to the vocabulary. With it a
/// synthetic model can be asked without copying a published tokenizer. The field numbers are those of
/// <c>sentencepiece_model.proto</c>.</summary>
internal static class SyntheticTokenizer
{
    private const char Space = '▁';

    /// <summary>Each becomes one piece, with the merges that lead to it.</summary>
    private const string Words =
        "Yes yes YES No no NO the The of and a A to in is Is are at it on with for there There what What how How many "
        + "picture image person people car dog door gate you see can Can describe Describe "
        + "chat between curious user USER artificial intelligence assistant ASSISTANT gives helpful detailed polite "
        + "answers answer question questions";

    private enum PieceType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        Unused = 5,
        Byte = 6,
    }

    public static byte[] Make(int vocabulary)
    {
        using var bytes = new MemoryStream();
        using (var model = new CodedOutputStream(bytes, leaveOpen: true))
        {
            var count = 0;
            foreach (var (piece, type) in Special())
            {
                Write(model, piece, 0, type);
                count++;
            }

            // LLaMA's scores: the earlier a merge, the better.
            var first = count;
            foreach (var piece in Pieces().Distinct().Take(vocabulary - first))
            {
                Write(model, piece, first - count, PieceType.Normal);
                count++;
            }

            for (; count < vocabulary; count++)
            {
                Write(model, $"<unused_{count}>", first - count, PieceType.Unused);
            }

            WriteTraining(model, vocabulary);
            WriteNormalisation(model);
        }

        return bytes.ToArray();
    }

    private static IEnumerable<(string Piece, PieceType Type)> Special() =>
    [
        ("<unk>", PieceType.Unknown),
        ("<s>", PieceType.Control),
        ("</s>", PieceType.Control),
        .. Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", PieceType.Byte)),
    ];

    private static IEnumerable<string> Pieces()
    {
        // A word is reached letter by letter, so each of its beginnings must be a piece.
        var words = Words.Split(' ').SelectMany(word => (string[])[Space + word, word])
            .SelectMany(word => Enumerable.Range(2, word.Length - 1).Select(length => word[..length]))
            .Where(piece => piece.Length > 1);
        string[] syllables = [.. from consonant in "bdfgklmnprstvz" from vowel in "aeiou" select $"{consonant}{vowel}"];
        string[] pairs = [.. from one in syllables from two in syllables select one + two];
        return
        [
            .. words,
            .. syllables,
            .. syllables.Select(s => Space + s),
            .. pairs,
            .. pairs.Select(p => Space + p),
            .. Enumerable.Range(' ' + 1, '~' - ' ').Select(c => ((char)c).ToString()),
            Space.ToString(),
        ];
    }

    private static void Write(CodedOutputStream model, string piece, float score, PieceType type) => WriteMessage(model, 1, m =>
    {
        m.WriteTag(1, WireFormat.WireType.LengthDelimited);
        m.WriteString(piece);
        m.WriteTag(2, WireFormat.WireType.Fixed32);
        m.WriteFloat(score);
        if (type != PieceType.Normal)
        {
            m.WriteTag(3, WireFormat.WireType.Varint);
            m.WriteEnum((int)type);
        }
    });

    private static void WriteTraining(CodedOutputStream model, int vocabulary) => WriteMessage(model, 2, m =>
    {
        const int Bpe = 2;
        WriteInt(m, 3, Bpe);
        WriteInt(m, 4, vocabulary);
        const int ByteFallback = 35;
        WriteInt(m, ByteFallback, 1);
    });

    private static void WriteNormalisation(CodedOutputStream model) => WriteMessage(model, 3, m =>
    {
        m.WriteTag(1, WireFormat.WireType.LengthDelimited);
        m.WriteString("identity");
        m.WriteTag(2, WireFormat.WireType.LengthDelimited);
        m.WriteString("");
        const int RemoveExtraSpaces = 4;
        WriteInt(m, RemoveExtraSpaces, 0);
    });

    private static void WriteInt(CodedOutputStream m, int field, int value)
    {
        m.WriteTag(field, WireFormat.WireType.Varint);
        m.WriteInt32(value);
    }

    private static void WriteMessage(CodedOutputStream model, int field, Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var message = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(message);
        }

        model.WriteTag(field, WireFormat.WireType.LengthDelimited);
        model.WriteBytes(ByteString.CopyFrom(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
