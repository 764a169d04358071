using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Inference.Tests.Answers;

public sealed class StopSequenceFilterTests
{
    [Theory]
    [InlineData("stop here###and not here", "stop here")]
    [InlineData("a#b##c####", "a#b##c")]
    [InlineData("USERS are no USER: so", "USERS are no ")]
    [InlineData("###", "")]
    [InlineData("ends with ##", "ends with ##")]
    [InlineData("none", "none")]
    public void Wherever_it_is_cut_the_text_ends_before_the_stop_sequence_and_no_part_of_it_is_reported(string whole, string expected)
    {
        for (var size = 1; size <= whole.Length; size++)
        {
            var reported = new List<string>();
            var text = new StopSequenceFilter(["###", "USER:"], reported.Add);
            var stopped = whole.Chunk(size).Any(piece => text.Append(new string(piece)));
            Assert.Equal(expected.Length < whole.Length, stopped);
            Assert.Equal(stopped, text.Stopped);
            Assert.Equal(expected, text.Finish());
            Assert.Equal(expected, string.Concat(reported));
            Assert.DoesNotContain("", reported);
        }
    }

    [Fact]
    public void A_possible_beginning_of_a_stop_sequence_is_reported_once_it_cannot_be_one()
    {
        var reported = new List<string>();
        var text = new StopSequenceFilter(["END"], reported.Add);
        text.Append("aE");
        Assert.Equal(["a"], reported);
        text.Append("N");
        Assert.Equal(["a"], reported);
        text.Append("x");
        Assert.Equal(["a", "ENx"], reported);
    }

    [Fact]
    public void The_first_stop_sequence_in_the_text_counts_not_the_first_in_the_list()
    {
        var text = new StopSequenceFilter(["late", "early"], null);
        Assert.True(text.Append("an early and a late one"));
        Assert.Equal("an ", text.Finish());
    }

    [Fact]
    public void Without_stop_sequences_everything_is_reported_at_once()
    {
        var reported = new List<string>();
        var text = new StopSequenceFilter([], reported.Add);
        Assert.False(text.Append("a"));
        Assert.False(text.Append(""));
        Assert.False(text.Append("b"));
        Assert.Equal(["a", "b"], reported);
    }
}
