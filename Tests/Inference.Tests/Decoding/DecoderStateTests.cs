using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Decoding;

/// <summary>The KV cache: appending, rewinding, limits and allocations.</summary>
public sealed class DecoderStateTests
{
    /// <summary>Of the largest magnitude; several rows at once are summed in another order than one.</summary>
    private const double FloatNoise = 1e-5;

    private static readonly int[] Prompt = [1, 260, 537, 546, 269, 547, 489, 314, 294, 551, 552, 491, 777, 290];
    private static readonly int[] Other = [1, 658, 296, 269, 318, 774, 268, 772, 13, 44, 92, 403];

    public static TheoryData<string> Models => ["mobilellama", "llama-gqa", "mobilevlm-v2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Rewinding_and_asking_again_gives_the_same_bits(string model)
    {
        using var state = GoldenModel.Get(model).Decoder.CreateState(64);
        state.Append(Prompt);
        var first = state.Append(Other).ToArray();
        state.Rewind(Prompt.Length);
        var second = state.Append(Other).ToArray();
        Assert.Equal(first, second);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void What_was_rewound_leaves_no_trace(string model)
    {
        var decoder = GoldenModel.Get(model).Decoder;
        using var clean = decoder.CreateState(64);
        clean.Append(Prompt);
        var expected = clean.Append(Other).ToArray();

        using var used = decoder.CreateState(64);
        used.Append(Prompt);
        used.Append([.. Prompt, .. Prompt, .. Prompt]);
        used.Rewind(Prompt.Length);
        Assert.Equal(Prompt.Length, used.Length);
        Assert.Equal(expected, used.Append(Other).ToArray());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Chunks_and_single_tokens_equal_one_append(string model)
    {
        var decoder = GoldenModel.Get(model).Decoder;
        int[] tokens = [.. Prompt, .. Other];
        using var whole = decoder.CreateState(64);
        var expected = whole.Append(tokens).ToArray();

        foreach (var size in (int[])[2, 3, 5, 13, 25])
        {
            using var chunked = decoder.CreateState(64);
            float[] logits = [];
            foreach (var chunk in tokens.Chunk(size))
            {
                logits = chunked.Append(chunk).ToArray();
            }

            Compare.Close(expected, logits, FloatNoise);
        }

        using var stepped = decoder.CreateState(64);
        float[] last = [];
        foreach (var token in tokens)
        {
            last = stepped.Step(token).ToArray();
        }

        Compare.Close(expected, last, FloatNoise);
        Assert.Equal(tokens.Length, stepped.Length);
    }

    [Fact]
    public void The_size_of_the_cache_changes_nothing()
    {
        var decoder = GoldenModel.Get("mobilellama").Decoder;
        using var tight = decoder.CreateState(Prompt.Length);
        using var large = decoder.CreateState(decoder.MaxPositions);
        Compare.Close(large.Append(Prompt), tight.Append(Prompt), FloatNoise);
    }

    [Fact]
    public void States_of_one_decoder_may_run_on_several_threads()
    {
        var decoder = GoldenModel.Get("mobilellama").Decoder;
        using var alone = decoder.CreateState(64);
        var expected = alone.Append(Prompt).ToArray();
        Parallel.For(0, 8, _ =>
        {
            using var state = decoder.CreateState(64);
            for (var i = 0; i < 5; i++)
            {
                state.Rewind(0);
                Assert.Equal(expected, state.Append(Prompt).ToArray());
            }
        });
    }

    [Fact]
    public void A_full_context_reports_the_numbers_and_changes_nothing()
    {
        using var state = GoldenModel.Get("mobilellama").Decoder.CreateState(Prompt.Length + 4);
        state.Append(Prompt);
        var expected = state.Append([5, 6, 7, 8]).ToArray();

        var full = Assert.Throws<ContextFullException>(() => state.Step(9));
        Assert.Equal((Prompt.Length + 4, 1, Prompt.Length + 4), (full.Length, full.Added, full.Capacity));
        Assert.Contains($"1 more tokens do not fit: the context holds {Prompt.Length + 4} of at most {Prompt.Length + 4}", full.Message, StringComparison.Ordinal);

        state.Rewind(Prompt.Length);
        full = Assert.Throws<ContextFullException>(() => state.Append(Other));
        Assert.Equal((Prompt.Length, Other.Length, Prompt.Length + 4), (full.Length, full.Added, full.Capacity));
        Assert.Equal(Prompt.Length, state.Length);
        Assert.Equal(expected, state.Append([5, 6, 7, 8]).ToArray());
    }

    [Fact]
    public void A_capacity_that_the_model_was_not_trained_for_is_refused()
    {
        var decoder = GoldenModel.Get("mobilellama").Decoder;
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.CreateState(decoder.MaxPositions + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.CreateState(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.CreateState(-1));
    }

    [Fact]
    public void What_is_not_in_the_vocabulary_or_the_cache_is_refused_and_changes_nothing()
    {
        using var state = GoldenModel.Get("mobilellama").Decoder.CreateState(64);
        state.Append(Prompt);
        var unknown = Assert.Throws<ArgumentOutOfRangeException>(() => state.Step(800));
        Assert.Contains("800 tokens", unknown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Append([3, -1]));
        Assert.Throws<ArgumentException>(() => state.Append(ReadOnlySpan<int>.Empty));
        Assert.Throws<ArgumentException>(() => state.Append(new float[65]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(Prompt.Length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(-1));
        Assert.Equal(Prompt.Length, state.Length);
        Assert.Equal(800, state.Step(799).Length);
    }

    [Fact]
    public void Everything_may_be_disposed_twice_and_throws_when_used_afterwards()
    {
        var folder = GoldenModel.Get("mobilellama").Folder;
        var decoder = new LanguageDecoder(folder, new ExecutionSettings(1));
        var state = decoder.CreateState(16);
        state.Dispose();
        state.Dispose();
        Assert.Throws<ObjectDisposedException>(() => state.Step(1));
        Assert.Throws<ObjectDisposedException>(() => state.Append([1]));
        decoder.Dispose();
        decoder.Dispose();
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("int4")]
    public void A_step_allocates_nothing(string precision)
    {
        const int Steps = 100;
        using var state = GoldenModel.Get("mobilellama", precision).Decoder.CreateState(256);
        for (var i = 0; i < 20; i++)
        {
            state.Step(5);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Steps; i++)
        {
            state.Step(5);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
