using MobileVlm.Edge.Actors.Past;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Tests.Past;

/// <summary>Where blocks of tokens lie, and what is left without one.</summary>
public sealed class TokenGridTests
{
    [Fact]
    public void A_block_becomes_the_mean_and_everything_else_stays()
    {
        using var tokens = new VisualTokens(16, 2);
        for (var i = 0; i < 32; i++)
        {
            tokens.Values.Span[i] = i;
        }

        using var masked = new TokenGrid(16, 2, 100, 100).Without(tokens, 0, 1);
        int[] replaced = [2, 3, 6, 7];
        for (var token = 0; token < 16; token++)
        {
            Assert.Equal(replaced.Contains(token) ? [15, 16] : new float[] { 2 * token, (2 * token) + 1 }, masked.Values.Span.Slice(2 * token, 2).ToArray());
        }
    }

    [Fact]
    public void A_wide_picture_lies_in_the_middle_of_a_square_and_empty_blocks_are_not_asked()
    {
        var grid = new TokenGrid(144, 6, 1600, 400);
        Assert.Equal([2, 3], Enumerable.Range(0, 6).Where(row => grid.IsVisible(row, 0)));
        Assert.All(Enumerable.Range(0, 6), column => Assert.True(grid.IsVisible(2, column)));
        Assert.Equal(new PictureArea(0, -1.5, 1, 4), grid.AreaIn(new PictureArea(0, 0, 1, 1)));

        // The region is the right half of the picture: its square is as wide as the region.
        Assert.Equal(new PictureArea(0.5, -0.5, 0.5, 2), new TokenGrid(144, 6, 800, 400).AreaIn(new PictureArea(0.5, 0, 0.5, 1)));
    }

    [Fact]
    public void A_block_is_at_least_a_token_and_tokens_without_a_place_are_refused()
    {
        Assert.Equal(4, new TokenGrid(16, 8, 10, 10).Size);
        Assert.Contains("15", Assert.Throws<ArgumentException>(() => new TokenGrid(15, 4, 10, 10)).Message, StringComparison.Ordinal);
    }
}
