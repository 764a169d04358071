using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Accuracy;

/// <summary>The loss that imports of golden models report, compared with Deploy/docs/measured-losses.md: one model for each table. The
/// program <c>Tests/Tools/Documents</c> measures all of them.</summary>
public sealed class GoldenLossTests
{
    private const string Heading = "The golden models";

    /// <summary>The tolerance, because the kernels of other processors round differently.</summary>
    private const double Slack = 1.5;

    public static TheoryData<string> Decoders => [.. GoldenLossTable.Decoders];

    public static TheoryData<string> Visions => [.. GoldenLossTable.Visions];

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Decoders_lose_no_more_than_is_stated(string precision)
    {
        const string Model = "mobilellama";
        var loss = GoldenLossTable.DecoderLoss(Model, precision);
        var stated = new StatedTable(Heading, "Decoder", names: 1).Numbers(precision, Model);
        Assert.True(
            loss.MeanDivergence <= (Slack * stated[0]) + 1e-4 && loss.TopAgreement >= stated[1] - 0.1,
            $"{GoldenLossTable.DecoderCell(loss)} now, stated is {string.Join(", ", stated)}.");
    }

    [Theory]
    [MemberData(nameof(Visions))]
    public void Encoders_lose_no_more_than_is_stated(string precision)
    {
        const string Model = "mobilevlm-v2";
        var cosine = GoldenLossTable.VisionCosine(Model, precision);
        var stated = new StatedTable(Heading, "Vision", names: 1).Numbers(precision, Model)[0];
        Assert.True(
            1 - cosine <= (Slack * (1 - stated)) + 2e-6,
            $"{GoldenLossTable.VisionCell(cosine)} now, stated is {stated}.");
    }
}
