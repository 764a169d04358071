using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Answers;

/// <summary>The generation loop with one text, and a sampler that chooses what the test gives it.</summary>
public sealed class TextGeneratorTests
{
    private static readonly GoldenModel Model = GoldenModel.Get("mobilellama");
    private static readonly LlamaTextTokenizer Tokenizer = Model.Tokenizer;

    [Fact]
    public void A_stop_sequence_across_tokens_ends_the_text_and_no_part_of_it_is_reported()
    {
        var reported = new List<string>();
        var generated = Generate("No car. USER: more", new GenerationOptions(50, ["USER:"]), reported.Add);
        Assert.Equal("No car. ", generated.Text);
        Assert.Equal("No car. ", string.Concat(reported));
        Assert.Equal(FinishReason.Stopped, generated.Finish);
        Assert.True(Tokenizer.Encode("No car. USER: more").Count > generated.TokenIds.Count);
    }

    [Fact]
    public void A_stop_sequence_of_one_character_of_several_bytes_ends_the_text()
    {
        var generated = Generate("a 中文 b", new GenerationOptions(50, ["文"]));
        Assert.Equal("a 中", generated.Text);
        Assert.Equal(FinishReason.Stopped, generated.Finish);
    }

    [Fact]
    public void The_beginning_of_a_stop_sequence_is_reported_when_the_text_ends_for_another_reason()
    {
        var reported = new List<string>();
        var generated = Generate("No USE", new GenerationOptions(50, ["USER:"]), reported.Add);
        Assert.Equal("No USE", generated.Text);
        Assert.Equal("No USE", string.Concat(reported));
    }

    [Fact]
    public void An_empty_stop_sequence_is_refused() =>
        Assert.Throws<ArgumentException>(() => Generate("No", new GenerationOptions(5, [""])));

    [Fact]
    public void The_end_token_ends_the_text_is_counted_and_not_shown()
    {
        var generated = Generate("Yes", new GenerationOptions(50));
        Assert.Equal([.. Tokenizer.Encode("Yes"), Tokenizer.EndId], generated.TokenIds);
        Assert.Equal("Yes", generated.Text);
        Assert.Equal(FinishReason.Stopped, generated.Finish);
    }

    [Fact]
    public void One_token_is_one_token_and_costs_no_step()
    {
        using var state = Model.Decoder.CreateState(16);
        state.Append([1, 260]);
        var generated = new TextGenerator(Tokenizer).Generate(state, new Script("Yes Yes"), new GenerationOptions(1));
        Assert.Single(generated.TokenIds);
        Assert.Equal(("Yes", FinishReason.Length), (generated.Text, generated.Finish));
        Assert.Equal(2, state.Length);
    }

    [Fact]
    public void No_tokens_at_all_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Generate("Yes", new GenerationOptions(0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Generate("Yes", new GenerationOptions(-1)));
    }

    [Fact]
    public void Cancelling_keeps_the_text_so_far()
    {
        using var cancel = new CancellationTokenSource();
        var reported = new List<string>();
        var generated = Generate("Yes No Yes No Yes", new GenerationOptions(50), piece =>
        {
            reported.Add(piece);
            if (reported.Count == 2)
            {
                cancel.Cancel();
            }
        }, cancel.Token);
        Assert.Equal(("Yes No", FinishReason.Cancelled), (generated.Text, generated.Finish));
        Assert.Equal("Yes No", string.Concat(reported));
    }

    [Fact]
    public void A_limit_within_a_character_shows_what_is_missing()
    {
        var whole = Tokenizer.Encode("中").Count;
        var generated = Generate("中", new GenerationOptions(whole - 1));
        Assert.Equal(FinishReason.Length, generated.Finish);
        Assert.Matches("^\uFFFD+$", generated.Text);
    }

    [Fact]
    public void The_end_of_the_context_ends_the_text_and_leaves_the_state_usable()
    {
        using var state = Model.Decoder.CreateState(4);
        var first = state.Append([1, 260]).ToArray();
        var generated = new TextGenerator(Tokenizer).Generate(state, new Script("Yes No Yes No Yes"), new GenerationOptions(50));
        Assert.Equal(FinishReason.Length, generated.Finish);
        Assert.Equal(3, generated.TokenIds.Count);
        Assert.Equal(4, state.Length);
        state.Rewind(0);
        Assert.Equal(first, state.Append([1, 260]).ToArray());
    }

    [Fact]
    public void Cancelling_counts_before_the_end_of_the_context()
    {
        using var state = Model.Decoder.CreateState(2);
        state.Append([1, 260]);
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var generated = new TextGenerator(Tokenizer).Generate(state, new Script("Yes No"), new GenerationOptions(50), null, cancel.Token);
        Assert.Equal(FinishReason.Cancelled, generated.Finish);
        Assert.Single(generated.TokenIds);
    }

    private static GeneratedText Generate(
        string script, GenerationOptions options, Action<string>? onText = null, CancellationToken cancel = default)
    {
        using var state = Model.Decoder.CreateState(64);
        state.Append([1, 260]);
        return new TextGenerator(Tokenizer).Generate(state, new Script(script), options, onText, cancel);
    }

    /// <summary>Chooses the tokens of a text, then the end token.</summary>
    private sealed class Script(string text) : Sampler
    {
        private readonly Queue<int> _ids = new([.. Tokenizer.Encode(text), Tokenizer.EndId]);

        public override int Choose(ReadOnlySpan<float> logits) => _ids.Dequeue();
    }
}
