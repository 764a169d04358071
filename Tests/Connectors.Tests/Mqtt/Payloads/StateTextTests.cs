using System.Globalization;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Payloads;

public sealed class StateTextTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    public void Text_that_fits_a_state_stays_as_it_is(int length)
    {
        var text = new string('x', length);

        Assert.Same(text, StateText.Cut(text));
    }

    [Fact]
    public void Longer_text_is_cut_and_marked()
    {
        Assert.Equal(new string('x', 254) + "…", StateText.Cut(new string('x', 256)));
        Assert.Equal(new string('x', 253) + "…", StateText.Cut(new string('x', 253) + " yyy"));
    }

    [Theory]
    [InlineData("🐕")]
    [InlineData("e\u0301")]
    [InlineData("👩‍👩‍👧‍👦")]
    public void A_cut_never_splits_what_is_seen_as_one_character(string element)
    {
        for (var lead = 240; lead <= 255; lead++)
        {
            var text = new string('x', lead) + string.Concat(Enumerable.Repeat(element, 20));

            var cut = StateText.Cut(text);

            Assert.InRange(cut.Length, 240, StateText.MaxLength);
            Assert.EndsWith("…", cut, StringComparison.Ordinal);
            Assert.StartsWith(cut[..^1], text, StringComparison.Ordinal);
            var seen = StringInfo.ParseCombiningCharacters(text);
            Assert.Contains(cut.Length - 1, seen);
        }
    }

    [Fact]
    public void Accents_without_end_are_cut_between_code_points()
    {
        var cut = StateText.Cut("e" + new string('\u0301', 400));

        Assert.Equal(StateText.MaxLength, cut.Length);
    }
}
