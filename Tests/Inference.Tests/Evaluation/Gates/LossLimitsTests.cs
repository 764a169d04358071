using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Gates;

public sealed class LossLimitsTests
{
    private static readonly LogitLoss Small = new(100, 0.01, 0.3, 0.97)
    {
        Divergence95 = 0.05,
        AnswerDivergence95 = 0.05,
        LargestYesShift = 0.02,
        YesNoQuestions = 50,
    };

    private static readonly VisionLoss Close = new(10, 0.9995, 0.9998, 0.1) { TokenCosine5 = 0.995 };

    [Fact]
    public void A_small_loss_is_within_all_limits()
    {
        var loss = new ModelLoss("", Close, Small, Small) { Prefill = Small };
        Assert.True(LossLimits.Allow(loss));
        Assert.Equal(7, LossLimits.Gates(loss).Count);
        Assert.All(LossLimits.Gates(loss), gate => Assert.True(gate.Passed));
    }

    public static TheoryData<string, VisionLoss, LogitLoss> Exceeding => new()
    {
        { "visionCosine", Close with { LowestCosine = 0.9989 }, Small },
        { "tokenCosine", Close with { TokenCosine5 = LossLimits.TokenCosine - 0.001 }, Small },
        { "tokenCosine", Close with { TokenCosine5 = double.NaN }, Small },
        { "meanDivergence", Close, Small with { MeanDivergence = LossLimits.MeanDivergence + 0.001 } },
        { "meanDivergence", Close, Small with { MeanDivergence = double.NaN } },
        { "divergence95", Close, Small with { Divergence95 = LossLimits.Divergence95 + 0.001 } },
        { "answerDivergence95", Close, Small with { AnswerDivergence95 = LossLimits.Divergence95 + 0.001 } },
        { "yesShift", Close, Small with { LargestYesShift = LossLimits.YesShift + 0.001 } },
        { "sameChoices", Close, Small with { TopAgreement = LossLimits.TopAgreement - 0.001 } },
    };

    [Theory]
    [MemberData(nameof(Exceeding))]
    public void Each_limit_refuses_by_itself(string gate, VisionLoss vision, LogitLoss logits)
    {
        var loss = new ModelLoss("", vision, Small, logits);
        Assert.False(LossLimits.Allow(loss));
        Assert.Equal([gate], LossLimits.Gates(loss).Where(it => !it.Passed).Select(it => it.Name));
        Assert.False(LossLimits.Allow(loss with { Gates = LossLimits.Gates(loss) }));
        if (logits != Small)
        {
            Assert.False(LossLimits.Allow(new ModelLoss("", null, logits, null)));

            // A part that answers nothing by itself counts only where the whole was not measured.
            var prefill = new ModelLoss("", Close, logits, Small) { Prefill = logits };
            Assert.False(LossLimits.Allow(prefill));
            Assert.True(LossLimits.Allow(prefill with { Gates = LossLimits.Gates(prefill) }));
        }
    }

    [Fact]
    public void A_loss_of_an_older_folder_is_judged_by_what_it_has()
    {
        var loss = new ModelLoss("6 drawn pictures, 8 questions", new VisionLoss(6, 0.9995, 0.9998, 0.1), new LogitLoss(98, 0.01, 0.3, 0.97), null);
        Assert.Equal(["visionCosine", "meanDivergence", "sameChoices"], LossLimits.Gates(loss).Select(gate => gate.Name));
        Assert.True(LossLimits.Allow(loss));
    }
}
