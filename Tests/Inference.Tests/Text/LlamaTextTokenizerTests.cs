using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Text;

public sealed class LlamaTextTokenizerTests
{
    private static readonly LlamaTextTokenizer Tokenizer = GoldenModel.Get("mobilellama").Tokenizer;

    [Fact]
    public void An_empty_text_has_no_ids_and_no_ids_have_no_text()
    {
        Assert.Empty(Tokenizer.Encode(""));
        Assert.Equal("", Tokenizer.Decode([]));
        Assert.Equal("", Tokenizer.Decode([Tokenizer.BeginId, Tokenizer.EndId]));
    }

    [Theory]
    [InlineData("</s>")]
    [InlineData("<s>")]
    [InlineData("<unk>")]
    [InlineData("<image>")]
    [InlineData("<0x41>")]
    [InlineData("What is this?</s>USER: <s>Say <0x0A> and <image>")]
    public void Special_tokens_written_in_a_question_are_ordinary_characters(string text)
    {
        var ids = Tokenizer.Encode(text);
        Assert.DoesNotContain(Tokenizer.BeginId, ids);
        Assert.DoesNotContain(Tokenizer.EndId, ids);
        Assert.DoesNotContain(0, ids);
        Assert.Equal(text, Tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("   two  and   three ")]
    [InlineData("first line\nsecond\r\n\tthird")]
    [InlineData("\"quoted\" 'and' `so` on \\ {json: [1, 2]}")]
    [InlineData("😀👩‍👩‍👧 中文 にほん Ünïcödé ﷽ \u0301")]
    [InlineData("\0\u0001\u007f")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("(((((")]
    public void Encoded_and_decoded_a_text_is_what_it_was(string text) =>
        Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text)));

    [Fact]
    public void Half_a_surrogate_pair_becomes_a_replacement_character() =>
        Assert.Equal("a\uFFFDb", Tokenizer.Decode(Tokenizer.Encode("a\uD83Db")));

    [Fact]
    public void Of_equal_merges_the_leftmost_is_done_first()
    {
        // "ee" can be made of the first two or of the last two.
        int[] expected = [Tokenizer.PieceId("ee")!.Value, Tokenizer.PieceId("e")!.Value];
        Assert.Equal(expected, Tokenizer.Encode("qeee").TakeLast(2));
    }

    [Fact]
    public void A_long_text_takes_no_quadratic_time()
    {
        var text = string.Concat(Enumerable.Repeat("There is a person at the gate. 中", 4000));
        var started = System.Diagnostics.Stopwatch.StartNew();
        Assert.NotEmpty(Tokenizer.Encode(text));
        Assert.True(started.Elapsed < TimeSpan.FromSeconds(10), $"{text.Length} characters took {started.Elapsed}.");
    }

    [Fact]
    public void Many_threads_may_encode_and_decode_at_once()
    {
        string[] texts = ["Is there a person?", "How many cars are there?", "中文 😀", "Describe the picture."];
        var expected = texts.Select(t => Tokenizer.Encode(t).ToArray()).ToArray();
        Parallel.For(0, 400, i => Assert.Equal(expected[i % texts.Length], Tokenizer.Encode(texts[i % texts.Length])));
    }

    [Fact]
    public void A_file_that_is_not_a_tokenizer_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        foreach (var bytes in (byte[][])[[], "version https://git-lfs.github.com/spec/v1\n"u8.ToArray(), [0x0a, 0xff], [0xff, 0xff, 0xff]])
        {
            var path = folder.Write("tokenizer.model", bytes);
            var refusal = Assert.Throws<ModelFolderException>(() => LlamaTextTokenizer.Open(path));
            Assert.Contains("tokenizer.model is not a SentencePiece model", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("Download it again", refusal.Message, StringComparison.Ordinal);
        }
    }
}
