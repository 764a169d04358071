using Google.Protobuf;

namespace MobileVlm.Edge.Inference.Text;

/// <summary>A piece that text can be merged into.</summary>
internal readonly record struct MergeablePiece(int Id, float Score);

/// <summary>Reads the pieces of a SentencePiece model with their scores, which Microsoft.ML.Tokenizers keeps to itself.
/// The field numbers are those of <c>sentencepiece_model.proto</c>.</summary>
internal static class PieceScores
{
    private const int Normal = 1;
    private const int UserDefined = 4;

    /// <returns>By piece, without special tokens and bytes: written in a text, those are ordinary characters.</returns>
    /// <exception cref="InvalidDataException">Pieces, training or normalisation are missing.</exception>
    public static Dictionary<string, MergeablePiece> Read(byte[] model)
    {
        var pieces = new Dictionary<string, MergeablePiece>();
        using var input = new CodedInputStream(model);
        var id = 0;
        var sections = new HashSet<int>();
        while (input.ReadTag() is var tag and not 0)
        {
            sections.Add(WireFormat.GetTagFieldNumber(tag));
            if (WireFormat.GetTagFieldNumber(tag) != 1)
            {
                input.SkipLastField();
                continue;
            }

            var (piece, score, type) = ReadPiece(input.ReadBytes());
            if (type is Normal or UserDefined)
            {
                pieces.TryAdd(piece, new MergeablePiece(id, score));
            }

            id++;
        }

        return sections.IsSupersetOf([1, 2, 3])
            ? pieces
            : throw new InvalidDataException("its pieces, training or normalisation are missing");
    }

    private static (string Piece, float Score, int Type) ReadPiece(ByteString bytes)
    {
        using var input = bytes.CreateCodedInput();
        var (piece, score, type) = ("", 0f, Normal);
        while (input.ReadTag() is var tag and not 0)
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    piece = input.ReadString();
                    break;
                case 2:
                    score = input.ReadFloat();
                    break;
                case 3:
                    type = input.ReadEnum();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return (piece, score, type);
    }
}
