using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Inference.Tests.Answers;

public sealed class StoppableTextTests
{
    [Theory]
    [InlineData("stop here###and not here", "stop here")]
    [InlineData("a#b##c####", "a#b##c")]
    [InlineData("USERS are no USER: so", "USERS are no ")]
    [InlineData("###", "")]
    [InlineData("ends with ##", "ends with ##")]
    [InlineData("none", "none")]
    public void Wherever_it_is_cut_the_text_ends_before_the_stop_and_nothing_of_it_is_told(string whole, string expected)
    {
        for (var size = 1; size <= whole.Length; size++)
        {
            var told = new List<string>();
            var text = new StopSequenceFilter(["###", "USER:"], told.Add);
            var stopped = whole.Chunk(size).Any(piece => text.Append(new string(piece)));
            Assert.Equal(expected.Length < whole.Length, stopped);
            Assert.Equal(stopped, text.Stopped);
            Assert.Equal(expected, text.Finish());
            Assert.Equal(expected, string.Concat(told));
            Assert.DoesNotContain("", told);
        }
    }

    [Fact]
    public void What_may_begin_a_stop_waits_and_is_told_once_it_does_not()
    {
        var told = new List<string>();
        var text = new StopSequenceFilter(["END"], told.Add);
        text.Append("aE");
        Assert.Equal(["a"], told);
        text.Append("N");
        Assert.Equal(["a"], told);
        text.Append("x");
        Assert.Equal(["a", "ENx"], told);
    }

    [Fact]
    public void The_first_stop_in_the_text_counts_not_the_first_in_the_list()
    {
        var text = new StopSequenceFilter(["late", "early"], null);
        Assert.True(text.Append("an early and a late one"));
        Assert.Equal("an ", text.Finish());
    }

    [Fact]
    public void Without_stops_everything_is_told_at_once()
    {
        var told = new List<string>();
        var text = new StopSequenceFilter([], told.Add);
        Assert.False(text.Append("a"));
        Assert.False(text.Append(""));
        Assert.False(text.Append("b"));
        Assert.Equal(["a", "b"], told);
    }
}
