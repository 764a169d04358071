using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Decoding;

/// <summary>Several sequences that continue one prefix in the same cache.</summary>
public sealed class SequenceTreeTests
{
    /// <summary>Of the largest magnitude; several rows at once are summed in another order than one.</summary>
    private const double FloatNoise = 1e-5;

    private static readonly int[] Prompt = [1, 260, 537, 546, 269, 547, 489, 314, 294, 551, 552, 491, 777, 290];

    private static readonly int[][] Ends = [[658, 296, 269], [318, 774, 268, 772, 13, 44], [92], [403, 5, 6, 7]];

    private static readonly int[] Unknown = [3, 800];

    public static TheoryData<string> Models => ["mobilellama", "llama-gqa", "mobilevlm-v2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Sequences_in_one_pass_equal_each_alone(string model)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        state.Append(Prompt);
        state.Append([.. Ends.Select(ids => new SequenceTokens(state.Fork(), ids, 1))]);
        for (var i = 0; i < Ends.Length; i++)
        {
            Compare.Close(Alone(model, [.. Prompt, .. Ends[i]]), state.Logits(i), FloatNoise);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Sequences_continue_together_token_by_token(string model)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        state.Append(Prompt);
        int[] sequences = [.. Ends.Select(_ => state.Fork())];
        state.Append([.. sequences.Select((b, i) => new SequenceTokens(b, Ends[i], 1))]);
        List<int>[] generated = [.. Ends.Select(ids => ids.ToList())];
        for (var step = 0; step < 4; step++)
        {
            // The first one ends early, which must not affect the others.
            int[] live = [.. Enumerable.Range(0, Ends.Length).Where(i => i > 0 || step < 2)];
            state.Append([.. live.Select(i => new SequenceTokens(sequences[i], new[] { 20 + (7 * i) + step }, 1))]);
            foreach (var (row, i) in live.Index())
            {
                generated[i].Add(20 + (7 * i) + step);
                Compare.Close(Alone(model, [.. Prompt, .. generated[i]]), state.Logits(row), FloatNoise);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_sequence_of_a_sequence_continues_its_parent(string model)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        state.Append(Prompt);
        var (first, second) = (state.Fork(), state.Fork());
        state.Append([new SequenceTokens(first, Ends[1], 1), new SequenceTokens(second, Ends[0], 1)]);
        state.Append([
            new SequenceTokens(state.Fork(first), Ends[2], 1),
            new SequenceTokens(state.Fork(first), Ends[3], 2),
            new SequenceTokens(state.Fork(second), Ends[3], 1),
        ]);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1], .. Ends[2]]), state.Logits(0), FloatNoise);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1], .. Ends[3][..^1]]), state.Logits(1), FloatNoise);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1], .. Ends[3]]), state.Logits(2), FloatNoise);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[0], .. Ends[3]]), state.Logits(3), FloatNoise);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_branch_and_its_own_sequences_may_go_in_one_pass(string model)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        state.Append(Prompt);
        var first = state.Fork();
        state.Append([
            new SequenceTokens(first, Ends[1], 1),
            new SequenceTokens(state.Fork(first), Ends[2], 1),
            new SequenceTokens(state.Fork(first), Ends[3], 1),
        ]);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1]]), state.Logits(0), FloatNoise);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1], .. Ends[2]]), state.Logits(1), FloatNoise);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1], .. Ends[3]]), state.Logits(2), FloatNoise);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Dropped_tokens_of_a_sequence_leave_no_trace_in_any_column(string model)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        state.Append(Prompt);
        var (first, second) = (state.Fork(), state.Fork());
        state.Append([new SequenceTokens(first, Ends[1], 1), new SequenceTokens(second, Ends[3], 1)]);
        state.Drop(first, 4);
        state.Drop(second, 1);
        Assert.Equal(Prompt.Length + Ends[1].Length + Ends[3].Length - 1, state.Length);
        state.Append([new SequenceTokens(first, Ends[0], 1), new SequenceTokens(second, Ends[2], 1)]);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[1][..2], .. Ends[0]]), state.Logits(0), FloatNoise);
        Compare.Close(Alone(model, [.. Prompt, .. Ends[3][..3], .. Ends[2]]), state.Logits(1), FloatNoise);
    }

    [Fact]
    public void Rewinding_removes_all_sequences_and_the_prefix_can_be_extended()
    {
        using var state = GoldenModel.Get("mobilellama").Decoder.CreateState(64);
        state.Append(Prompt);
        state.Append([new SequenceTokens(state.Fork(), Ends[0], 1)]);
        Assert.Throws<InvalidOperationException>(() => state.Append(Ends[0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(Prompt.Length + 1));
        state.Rewind(Prompt.Length);
        Compare.Close(Alone("mobilellama", [.. Prompt, .. Ends[0]]), state.Append(Ends[0]), FloatNoise);
    }

    [Fact]
    public void Sequences_that_do_not_fit_are_refused_and_change_nothing()
    {
        using var state = GoldenModel.Get("mobilellama").Decoder.CreateState(Prompt.Length + 4);
        state.Append(Prompt);
        var sequence = state.Fork();
        Assert.Throws<ContextFullException>(() => state.Append([new SequenceTokens(sequence, Ends[1], 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Append([new SequenceTokens(sequence, Unknown, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Append([new SequenceTokens(sequence, Ends[2], 2)]));
        Assert.Equal(Prompt.Length, state.Length);
        state.Append([new SequenceTokens(sequence, Ends[3], 1)]);
        Compare.Close(Alone("mobilellama", [.. Prompt, .. Ends[3]]), state.Logits(0), FloatNoise);
    }

    private static float[] Alone(string model, int[] tokens)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        return state.Append(tokens).ToArray();
    }
}
