using Google.Protobuf;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>Golden tokenizers with other pieces.</summary>
internal static class Tokenizers
{
    public static LlamaTextTokenizer Load(string golden, Func<string, string> rename)
    {
        using var folder = new TemporaryFolder();
        return LlamaTextTokenizer.Open(folder.Write("tokenizer.model", Renamed(golden, rename)));
    }

    /// <summary>The model file with each piece renamed; scores, types and all else stay.</summary>
    public static byte[] Renamed(string golden, Func<string, string> rename)
    {
        var input = new CodedInputStream(File.ReadAllBytes(GoldenFolder.Path(golden, "tokenizer.model")));
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            while (input.ReadTag() is var tag and not 0)
            {
                var message = input.ReadBytes();
                output.WriteTag(tag);
                output.WriteBytes(WireFormat.GetTagFieldNumber(tag) == 1 ? Renamed(message, rename) : message);
            }
        }

        return buffer.ToArray();
    }

    private static ByteString Renamed(ByteString piece, Func<string, string> rename)
    {
        var input = piece.CreateCodedInput();
        Assert.Equal(WireFormat.MakeTag(1, WireFormat.WireType.LengthDelimited), input.ReadTag());
        var name = rename(input.ReadString());
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteString(name);
        }

        buffer.Write(piece.Span[(int)input.Position..]);
        return ByteString.CopyFrom(buffer.ToArray());
    }
}
