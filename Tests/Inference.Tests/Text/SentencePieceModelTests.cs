using Google.Protobuf;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Text;

/// <summary>The parts of a SentencePiece file that are not pieces.</summary>
public sealed class SentencePieceModelTests
{
    private const int ModelType = 3, UnknownId = 40, BeginId = 41, EndId = 42;

    [Fact]
    public void What_a_file_leaves_out_has_the_defaults_of_the_format()
    {
        var model = Read(m => Int(m, ModelType, 2), _ => { });
        Assert.Equal((0, 1, 2, true), (model.UnknownId, model.BeginId, model.EndId, model.AddDummyPrefix));
        Assert.Equal(new SentencePiece("c", 0, PieceType.Normal), model.Pieces[2]);
    }

    [Fact]
    public void The_settings_in_the_file_take_precedence()
    {
        var model = Read(
            m =>
            {
                Int(m, ModelType, 2);
                Int(m, UnknownId, 2);
                Int(m, BeginId, 0);
                Int(m, EndId, 3);
            },
            m =>
            {
                m.WriteTag(1, WireFormat.WireType.LengthDelimited);
                m.WriteString("identity");
                Int(m, 3, 0);
            });
        Assert.Equal((2, 0, 3, false), (model.UnknownId, model.BeginId, model.EndId, model.AddDummyPrefix));
    }

    [Theory]
    [InlineData(1, 2, "", "model type is 1")]
    [InlineData(2, 4, "", "special ids 0, 1, 4 are not among its 4 pieces")]
    [InlineData(2, -1, "", "special ids 0, 1, -1")]
    [InlineData(2, 2, "nmt_nfkc", "normalization 'nmt_nfkc'")]
    public void Another_kind_of_model_is_refused(int modelType, int endId, string normalization, string reason)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => Read(
            m =>
            {
                Int(m, ModelType, modelType);
                Int(m, EndId, endId);
            },
            m =>
            {
                m.WriteTag(1, WireFormat.WireType.LengthDelimited);
                m.WriteString(normalization);
            }));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_training_or_normalization_is_refused()
    {
        Assert.Throws<InvalidDataException>(() => Read(null, _ => { }));
        Assert.Throws<InvalidDataException>(() => Read(m => Int(m, ModelType, 2), null));
    }

    private static SentencePieceModel Read(Action<CodedOutputStream>? training, Action<CodedOutputStream>? normalization) =>
        SentencePieceModel.Read(Message(model =>
        {
            foreach (var piece in "abcd")
            {
                Part(model, 1, m =>
                {
                    m.WriteTag(1, WireFormat.WireType.LengthDelimited);
                    m.WriteString(piece.ToString());
                });
            }

            Part(model, 2, training);
            Part(model, 3, normalization);
        }));

    private static void Part(CodedOutputStream model, int field, Action<CodedOutputStream>? write)
    {
        if (write is not null)
        {
            model.WriteTag(field, WireFormat.WireType.LengthDelimited);
            model.WriteBytes(ByteString.CopyFrom(Message(write)));
        }
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(output);
        }

        return buffer.ToArray();
    }

    private static void Int(CodedOutputStream message, int field, int value)
    {
        message.WriteTag(field, WireFormat.WireType.Varint);
        message.WriteInt32(value);
    }
}
