using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Text;

public sealed class IncrementalDetokenizerTests
{
    private static readonly LlamaTextTokenizer Tokenizer = GoldenModel.Get("mobilellama").Tokenizer;

    [Theory]
    [InlineData("😀")]
    [InlineData("中文")]
    [InlineData("a 👩‍👩‍👧 b é")]
    public void A_character_of_several_bytes_comes_whole_or_not_yet(string text)
    {
        var stream = new IncrementalDetokenizer(Tokenizer);
        var pieces = Tokenizer.Encode(text).Select(stream.Push).ToList();
        Assert.Contains("", pieces);
        Assert.All(pieces, piece => Assert.DoesNotContain('\uFFFD', piece));
        Assert.All(pieces, piece => Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1]))));
        Assert.Equal(text, string.Concat(pieces) + stream.Finish());
    }

    [Fact]
    public void Each_byte_that_belongs_to_no_character_is_one_replacement_character()
    {
        Assert.Equal("\uFFFD", Text(0xFF));
        Assert.Equal("\uFFFD\uFFFD", Text(0x80, 0x80));
        Assert.Equal("\uFFFD\uFFFD\uFFFDA", Text(0xF0, 0x9F, 0x98, 0x41));
        Assert.Equal("\uFFFDé", Text(0xE4, 0xC3, 0xA9));
        Assert.Equal("\uFFFD\uFFFD\uFFFD", Text(0xED, 0xA0, 0x80));
        Assert.Equal("\uFFFD\uFFFD", Text(0xC0, 0xAF));
        Assert.Equal("\uFFFD\uFFFD\uFFFD\uFFFD", Text(0xF4, 0x90, 0x80, 0x80));
    }

    [Fact]
    public void A_character_that_is_never_finished_comes_at_the_end()
    {
        var stream = new IncrementalDetokenizer(Tokenizer);
        Assert.Equal("", stream.Push(Byte(0xF0)));
        Assert.Equal("", stream.Push(Byte(0x9F)));
        Assert.Equal("\uFFFD\uFFFD", stream.Finish());
        Assert.Equal("", stream.Finish());
    }

    [Fact]
    public void Only_the_first_space_of_the_text_is_left_out()
    {
        var (space, no, yes) = (Tokenizer.PieceId("▁")!.Value, Tokenizer.PieceId("▁No")!.Value, Tokenizer.PieceId("▁Yes")!.Value);
        Assert.Equal("No Yes", Tokenizer.Decode([no, yes]));
        Assert.Equal(" No", Tokenizer.Decode([space, no]));
        Assert.Equal("\n No", Tokenizer.Decode([Byte((byte)'\n'), no]));
        Assert.Equal("No", Tokenizer.Decode([Tokenizer.BeginId, no]));
    }

    [Fact]
    public void Pieces_of_any_ids_add_up_to_the_whole()
    {
        var random = new Random(7);
        for (var run = 0; run < 200; run++)
        {
            var ids = Enumerable.Range(0, 40).Select(_ => random.Next(0, 820)).ToList();
            var stream = new IncrementalDetokenizer(Tokenizer);
            Assert.Equal(Tokenizer.Decode(ids), string.Concat(ids.Select(stream.Push)) + stream.Finish());
        }
    }

    private static int Byte(byte value) => Tokenizer.PieceId($"<0x{value:X2}>")!.Value;

    private static string Text(params byte[] bytes) => Tokenizer.Decode(bytes.Select(Byte));
}
