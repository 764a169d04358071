using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>The width to which frames are scaled where the configuration names none.</summary>
public sealed class MaxWidthTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("0,0 1,0 1,1 0,1", 672)]
    [InlineData("0,0 0.5,0 0.5,0.5 0,0.5", 1344)]
    [InlineData("0.25,0 0.5,0 0.5,0.25 0.25,0.25", 2688)]
    [InlineData("0,0.9 1,0.9 1,1 0,1", 672)]
    [InlineData("0.4,0 0.5,0 0.5,1 0.4,1", 1196)]
    public void The_smallest_region_gets_twice_the_pixels_that_the_encoder_uses(string region, int width)
    {
        // Corners such as 0.4 and 0.5 are not exact in binary.
        var json = ConfigurationFixture.Small(question: $", \"Region\": \"{region}\"");
        Assert.InRange(MaxWidth(json) ?? 0, width - 2, width + 2);
    }

    [Fact]
    public void The_largest_need_among_the_questions_counts_and_the_order_does_not()
    {
        const string Whole = """ "whole": { "Ask": "Is there a car?", "Answer": "YesNo" } """;
        const string Half = """ "half": { "Ask": "Is there a car?", "Answer": "YesNo", "Region": "0,0 0.5,0 0.5,0.5 0,0.5" } """;
        Assert.Equal(1344, MaxWidth(WithQuestions($"{Whole}, {Half}")));
        Assert.Equal(1344, MaxWidth(WithQuestions($"{Half}, {Whole}")));
    }

    [Fact]
    public void A_tiny_region_needs_every_pixel_of_the_source() =>
        Assert.Null(MaxWidth(ConfigurationFixture.Small(question: ", \"Region\": \"0,0 0.05,0 0.05,0.05 0,0.05\"")));

    [Theory]
    [InlineData(0, null)]
    [InlineData(32, 32)]
    [InlineData(1920, 1920)]
    public void A_width_in_the_configuration_takes_precedence_and_0_keeps_the_size_of_the_source(int configured, int? expected) =>
        Assert.Equal(expected, MaxWidth(ConfigurationFixture.Small(camera: $", \"MaxWidth\": {configured}")));

    [Theory]
    [InlineData(112, 672)]
    [InlineData(336, 672)]
    [InlineData(448, 896)]
    public void A_model_with_a_larger_input_gets_wider_frames_and_one_with_a_smaller_input_no_smaller_snapshots(int imageSize, int width) =>
        Assert.Equal(width, Assert.Single(_fixture.Read(ConfigurationFixture.Small()).ToCameraSettings(imageSize)).MaxWidth);

    [Fact]
    public void A_new_region_that_needs_more_opens_the_camera_again_and_one_that_does_not_keeps_its_stream()
    {
        var before = _fixture.Read(ConfigurationFixture.Small());
        var wide = _fixture.Read(ConfigurationFixture.Small(question: ", \"Region\": \"0,0.5 1,0.5 1,1 0,1\""));
        Assert.Empty(ConfigurationChange.Between(before, wide).Opened);
        var half = _fixture.Read(ConfigurationFixture.Small(question: ", \"Region\": \"0,0 0.5,0 0.5,0.5 0,0.5\""));
        Assert.Single(ConfigurationChange.Between(before, half).Opened);
    }

    private static string WithQuestions(string questions) => $$"""
        { "MobileVlm": { "Model": { "Path": "/models/a" }, "Mqtt": { "Broker": "embedded" },
          "Cameras": { "gate": { "Source": "pattern:", "Questions": { {{questions}} } } } } }
        """;

    private int? MaxWidth(string json) => Assert.Single(_fixture.Read(json).ToCameraSettings()).MaxWidth;
}
