using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Inference.Tests.Verification;

/// <summary>The sessions that were tested are those that answer.</summary>
public sealed class TestedModelTests
{
    private static readonly ExecutionSettings OneThread = new(1);

    [Fact]
    public void The_sessions_that_were_tested_answer_as_newly_opened_ones_do()
    {
        using var model = TestedModel.Open(Folder, OneThread, SelfTestExtent.Fast);
        Assert.Equal(4, model.Outcome!.Tokens);

        var tested = Logits(model);
        var opened = Logits(model);

        Assert.Equal(opened, tested);
    }

    [Fact]
    public void A_model_that_was_disposed_before_it_was_taken_opens_again()
    {
        var model = TestedModel.Open(Folder, OneThread, SelfTestExtent.Fast);
        model.Dispose();
        model.Dispose();

        Assert.NotEmpty(Logits(model));
    }

    [Fact]
    public void A_text_only_model_has_no_encoder_to_take()
    {
        using var model = TestedModel.Open(GoldenModel.Get("mobilellama", "int4", "fp32").Folder, OneThread, SelfTestExtent.Fast);

        Assert.Null(model.Outcome!.PictureError);
        Assert.Contains("text-only", Assert.Throws<ModelFolderException>(model.TakeEncoder).Message, StringComparison.Ordinal);
    }

    private static ModelFolder Folder => GoldenModel.Get("mobilevlm-v2", "int4", "int8").Folder;

    private static float[] Logits(TestedModel model)
    {
        using var encoder = model.TakeEncoder();
        using var answerer = model.TakeAnswerer(512);
        using var tokens = encoder.Encode(SelfTestMaterial.Picture.Image);
        answerer.PrefillPicture(tokens);
        return answerer.FirstLogits("Is there a person?");
    }
}
