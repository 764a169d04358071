using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

public sealed class RegionCropTests
{
    [Fact]
    public void A_rectangle_is_cut_out_and_nothing_of_it_is_painted() => Assert.Equal(
        """
        11 12
        21 22
        """,
        Cut(4, 4, Region("0.25,0.25 0.75,0.25 0.75,0.75 0.25,0.75")));

    [Fact]
    public void What_is_beside_the_shape_is_painted_over() => Assert.Equal(
        """
        ## ## ## ##
        10 ## ## ##
        20 21 ## ##
        30 31 32 ##
        """,
        // A centre on the right edge is outside, so that shapes side by side share no pixel.
        Cut(4, 4, Region("0,0 1,1 0,1")));

    [Fact]
    public void A_mask_is_painted_over_and_the_rest_kept() => Assert.Equal(
        """
        00 01 02 03
        10 ## ## 13
        20 ## ## 23
        30 31 32 33
        """,
        Cut(4, 4, new FrameRegion(null, [RegionPolygon.Parse("0.25,0.25,0.75,0.25,0.75,0.75,0.25,0.75")])));

    [Fact]
    public void Region_and_mask_go_together() => Assert.Equal(
        """
        20 21 ## ##
        30 31 ## ##
        """,
        Cut(4, 4, new FrameRegion(
            RegionPolygon.Parse("0,0.5 1,0.5 1,1 0,1"), [RegionPolygon.Parse("0.5,0 1,0 1,1 0.5,1")])));

    [Fact]
    public void A_shape_with_a_notch_leaves_the_notch_out() => Assert.Equal(
        """
        00 ## ## 03
        10 ## ## 13
        20 21 22 23
        30 31 32 33
        """,
        Cut(4, 4, Region("0,0 0.25,0 0.25,0.5 0.75,0.5 0.75,0 1,0 1,1 0,1")));

    [Fact]
    public void The_smallest_region_is_one_pixel() =>
        Assert.Equal("##", Cut(4, 4, Region("0.5,0.5 0.51,0.5 0.5,0.51")));

    [Theory]
    [InlineData("")]
    [InlineData("0,0 1,1")]
    [InlineData("0,0 1,1 2,0")]
    [InlineData("0,0 1,1 1")]
    [InlineData("0,0 0.5,0 1,0")]
    [InlineData("a,b c,d e,f")]
    public void What_is_not_a_shape_is_refused_with_what_is_accepted(string corners) =>
        Assert.Contains("0,0.5 1,0.5", Assert.Throws<FormatException>(() => RegionPolygon.Parse(corners)).Message, StringComparison.Ordinal);

    private static FrameRegion Region(string corners) => new(RegionPolygon.Parse(corners), []);

    /// <summary>A picture whose pixels hold row and column; painted ones read <c>##</c>.</summary>
    private static string Cut(int width, int height, FrameRegion region)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            pixels.AsSpan(i * 3, 3).Fill((byte)((i / width * 10) + (i % width)));
        }

        var picture = RegionCrop.Cut(pixels, width, height, region, new byte[pixels.Length]);
        var rows = new List<string>();
        for (var y = 0; y < picture.Height; y++)
        {
            var row = picture.Pixels.Slice(y * picture.Width * 3, picture.Width * 3).ToArray();
            rows.Add(string.Join(' ', row.Chunk(3).Select(p => p is [123, 117, 104] ? "##" : $"{p[0]:00}")));
        }

        return string.Join(Environment.NewLine, rows);
    }
}
