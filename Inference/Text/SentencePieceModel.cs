using System.Text;
using Google.Protobuf;

namespace MobileVlm.Edge.Inference.Text;

/// <summary>Types of pieces, with the numbers of <c>sentencepiece_model.proto</c>.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One entry of a SentencePiece vocabulary; its id is its index.</summary>
/// <param name="Text">A space is <c>▁</c>.</param>
/// <param name="Score">The higher, the earlier a merge gives it.</param>
/// <param name="Type">Only normal and user-defined pieces result from merging text.</param>
internal readonly record struct SentencePiece(string Text, float Score, PieceType Type);

/// <summary>A byte-pair SentencePiece model as its file holds it: the parts of <c>sentencepiece_model.proto</c> (field numbers
/// from there) that encoding and decoding use.</summary>
/// <param name="Pieces">By id.</param>
/// <param name="UnknownId">Id of what no piece stands for.</param>
/// <param name="BeginId">Id of the begin token.</param>
/// <param name="EndId">Id of the end token.</param>
/// <param name="AddDummyPrefix">Whether a space is added before each text.</param>
internal sealed record SentencePieceModel(
    IReadOnlyList<SentencePiece> Pieces, int UnknownId, int BeginId, int EndId, bool AddDummyPrefix)
{
    private const int BytePairModel = 2;

    /// <exception cref="InvalidDataException">Pieces, training or normalization are missing, or of a kind that is not
    /// supported.</exception>
    /// <exception cref="InvalidProtocolBufferException">The file is not a protobuf message.</exception>
    public static SentencePieceModel Read(byte[] file)
    {
        var pieces = new List<SentencePiece>();
        var (training, normalization) = (default(Training?), default(Normalization?));
        foreach (var field in Fields(file))
        {
            switch (field.Number)
            {
                case 1:
                    pieces.Add(ReadPiece(field.Bytes));
                    break;
                case 2:
                    training = ReadTraining(field.Bytes);
                    break;
                case 3:
                    normalization = ReadNormalization(field.Bytes);
                    break;
            }
        }

        if (pieces.Count == 0 || training is not { } trained || normalization is not { } normalized)
        {
            throw new InvalidDataException("its pieces, training or normalization are missing");
        }

        if (trained.ModelType != BytePairModel)
        {
            throw new InvalidDataException($"its model type is {trained.ModelType}, and only {BytePairModel} (byte pairs) is supported");
        }

        if (normalized.Name is not ("" or "identity"))
        {
            throw new InvalidDataException($"its normalization '{normalized.Name}' is not supported");
        }

        int[] special = [trained.UnknownId, trained.BeginId, trained.EndId];
        return special.All(id => id >= 0 && id < pieces.Count)
            ? new SentencePieceModel(pieces, trained.UnknownId, trained.BeginId, trained.EndId, normalized.AddDummyPrefix)
            : throw new InvalidDataException($"its special ids {string.Join(", ", special)} are not among its {pieces.Count} pieces");
    }

    private static SentencePiece ReadPiece(byte[] message)
    {
        var piece = new SentencePiece("", 0, PieceType.Normal);
        foreach (var field in Fields(message))
        {
            piece = field.Number switch
            {
                1 => piece with { Text = Encoding.UTF8.GetString(field.Bytes) },
                2 => piece with { Score = field.Float },
                3 => piece with { Type = (PieceType)field.Integer },
                _ => piece,
            };
        }

        return piece;
    }

    private static Training ReadTraining(byte[] message)
    {
        var training = new Training(ModelType: 1, UnknownId: 0, BeginId: 1, EndId: 2);
        foreach (var field in Fields(message))
        {
            training = field.Number switch
            {
                3 => training with { ModelType = field.Integer },
                40 => training with { UnknownId = field.Integer },
                41 => training with { BeginId = field.Integer },
                42 => training with { EndId = field.Integer },
                _ => training,
            };
        }

        return training;
    }

    private static Normalization ReadNormalization(byte[] message)
    {
        var normalization = new Normalization(Name: "", AddDummyPrefix: true);
        foreach (var field in Fields(message))
        {
            normalization = field.Number switch
            {
                1 => normalization with { Name = Encoding.UTF8.GetString(field.Bytes) },
                3 => normalization with { AddDummyPrefix = field.Integer != 0 },
                _ => normalization,
            };
        }

        return normalization;
    }

    /// <summary>The fields of a message, of the three wire types that are used.</summary>
    private static IEnumerable<Field> Fields(byte[] message)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.Varint:
                    yield return new Field(number, Integer: input.ReadInt32());
                    break;
                case WireFormat.WireType.Fixed32:
                    yield return new Field(number, Float: input.ReadFloat());
                    break;
                case WireFormat.WireType.LengthDelimited:
                    yield return new Field(number) { Bytes = input.ReadBytes().ToByteArray() };
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    /// <summary>A field of a message; only the value of its wire type is set.</summary>
    private readonly record struct Field(int Number, int Integer = 0, float Float = 0)
    {
        public byte[] Bytes { get; init; } = [];
    }

    /// <summary>TrainerSpec, with the defaults of the format.</summary>
    private readonly record struct Training(int ModelType, int UnknownId, int BeginId, int EndId);

    /// <summary>NormalizerSpec, with the defaults of the format.</summary>
    private readonly record struct Normalization(string Name, bool AddDummyPrefix);
}
