using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>The loop, with a sampler that says what the test wants said.</summary>
public sealed class TextGeneratorTests
{
    private static readonly GoldenModel Model = GoldenModel.Get("mobilellama");
    private static readonly LlamaTextTokenizer Tokenizer = Model.Tokenizer;

    [Fact]
    public void A_stop_text_across_tokens_ends_the_text_and_nothing_of_it_is_told()
    {
        var told = new List<string>();
        var written = Write("No car. USER: more", new GenerationOptions(50, ["USER:"]), told.Add);
        Assert.Equal("No car. ", written.Text);
        Assert.Equal("No car. ", string.Concat(told));
        Assert.Equal(FinishReason.Stopped, written.Finish);
        Assert.True(Tokenizer.Encode("No car. USER: more").Count > written.TokenIds.Count);
    }

    [Fact]
    public void A_stop_text_of_one_character_of_several_bytes_is_met()
    {
        var written = Write("a 中文 b", new GenerationOptions(50, ["文"]));
        Assert.Equal("a 中", written.Text);
        Assert.Equal(FinishReason.Stopped, written.Finish);
    }

    [Fact]
    public void What_could_have_become_a_stop_text_is_told_when_the_text_ends_otherwise()
    {
        var told = new List<string>();
        var written = Write("No USE", new GenerationOptions(50, ["USER:"]), told.Add);
        Assert.Equal("No USE", written.Text);
        Assert.Equal("No USE", string.Concat(told));
    }

    [Fact]
    public void An_empty_stop_text_is_refused() =>
        Assert.Throws<ArgumentException>(() => Write("No", new GenerationOptions(5, [""])));

    [Fact]
    public void The_end_token_ends_the_text_is_counted_and_not_shown()
    {
        var written = Write("Yes", new GenerationOptions(50));
        Assert.Equal([.. Tokenizer.Encode("Yes"), Tokenizer.EndId], written.TokenIds);
        Assert.Equal("Yes", written.Text);
        Assert.Equal(FinishReason.Stopped, written.Finish);
    }

    [Fact]
    public void One_token_is_one_token_and_costs_no_step()
    {
        using var state = Model.Decoder.CreateState(16);
        var logits = state.Append([1, 260]);
        var written = new TextGenerator(Tokenizer).Write(state, logits, new Script("Yes Yes"), new GenerationOptions(1));
        Assert.Single(written.TokenIds);
        Assert.Equal(("Yes", FinishReason.Length), (written.Text, written.Finish));
        Assert.Equal(2, state.Length);
    }

    [Fact]
    public void No_tokens_at_all_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Write("Yes", new GenerationOptions(0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write("Yes", new GenerationOptions(-1)));
    }

    [Fact]
    public void Cancelling_keeps_the_text_so_far()
    {
        using var cancel = new CancellationTokenSource();
        var told = new List<string>();
        var written = Write("Yes No Yes No Yes", new GenerationOptions(50), piece =>
        {
            told.Add(piece);
            if (told.Count == 2)
            {
                cancel.Cancel();
            }
        }, cancel.Token);
        Assert.Equal(("Yes No", FinishReason.Cancelled), (written.Text, written.Finish));
        Assert.Equal("Yes No", string.Concat(told));
    }

    [Fact]
    public void A_limit_within_a_character_shows_what_is_missing()
    {
        var whole = Tokenizer.Encode("中").Count;
        var written = Write("中", new GenerationOptions(whole - 1));
        Assert.Equal(FinishReason.Length, written.Finish);
        Assert.Matches("^\uFFFD+$", written.Text);
    }

    [Fact]
    public void The_end_of_the_context_ends_the_text_and_leaves_the_state_usable()
    {
        using var state = Model.Decoder.CreateState(4);
        var first = state.Append([1, 260]).ToArray();
        var written = new TextGenerator(Tokenizer).Write(state, first, new Script("Yes No Yes No Yes"), new GenerationOptions(50));
        Assert.Equal(FinishReason.Length, written.Finish);
        Assert.Equal(3, written.TokenIds.Count);
        Assert.Equal(4, state.Length);
        state.Rewind(0);
        Assert.Equal(first, state.Append([1, 260]).ToArray());
    }

    private static GeneratedText Write(
        string script, GenerationOptions options, Action<string>? onText = null, CancellationToken cancel = default)
    {
        using var state = Model.Decoder.CreateState(64);
        return new TextGenerator(Tokenizer).Write(state, state.Append([1, 260]), new Script(script), options, onText, cancel);
    }

    /// <summary>Says a text, then the end token.</summary>
    private sealed class Script(string text) : Sampler
    {
        private readonly Queue<int> _ids = new([.. Tokenizer.Encode(text), Tokenizer.EndId]);

        public override int Choose(ReadOnlySpan<float> logits) => _ids.Dequeue();
    }
}
