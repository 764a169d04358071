using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Text;

public sealed class EditDistanceTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("gate", "Gate", 1)]
    [InlineData("flaw", "lawn", 2)]
    [InlineData("same", "same", 0)]
    public void It_counts_what_has_to_be_inserted_removed_and_replaced(string from, string to, int distance)
    {
        Assert.Equal(distance, EditDistance.Of(from, to));
        Assert.Equal(distance, EditDistance.Of(to, from));
    }
}
