using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Teaching;

public sealed class HiddenStateTests
{
    private const string Text = "Is there a person?";

    [Theory]
    [InlineData("fp32", false)]
    [InlineData("fp16", true)]
    public void Features_are_returned_beside_an_answer_that_they_do_not_change(string precision, bool cuda)
    {
        using var rig = new Rig(precision, cuda);
        var plain = rig.Ask(new Question(Text, AnswerKind.YesNo))[0];
        var featured = rig.Ask(new Question(Text, AnswerKind.YesNo) { Features = FeatureGroups.All })[0];
        Assert.Equal(plain.Score!.Value, featured.Score!.Value, 1e-5);
        Assert.Empty(plain.Features);
        Assert.Equal(FeatureGroups.All.Each(), featured.Features.Keys.Order());
        foreach (var (feature, values) in featured.Features)
        {
            Assert.Equal(feature.WidthOf(rig.Hidden), values.Length);
            Assert.All(values, value => Assert.True(float.IsFinite(value)));
            Assert.Contains(values, value => value != 0);
        }
    }

    [Fact]
    public void Features_do_not_depend_on_the_questions_beside_or_on_when_the_picture_was_read()
    {
        using var rig = new Rig("fp32", cuda: false);
        var asked = new Question(Text, AnswerKind.YesNo) { Features = FeatureGroups.All };
        var alone = rig.Ask(asked)[0];
        var beside = rig.Ask(
            new Question("What is it?", AnswerKind.Text, 4), asked, new Question("Which?", AnswerKind.Choice) { Choices = ["one", "two"] })[1];
        rig.Answerer.PrefillPicture(rig.Tokens);
        var later = rig.Answerer.Ask(asked);
        foreach (var (feature, values) in alone.Features)
        {
            Compare.Close(values, beside.Features[feature], 1e-4f);
            Compare.Close(values, later.Features[feature], 1e-4f);
        }
    }

    [Fact]
    public void A_question_that_the_encoder_answers_does_not_run_the_decoder_and_the_picture_can_be_asked_about_afterwards()
    {
        using var rig = new Rig("fp32", cuda: false);
        var expected = rig.Ask(new Question(Text, AnswerKind.YesNo))[0].Score;
        var head = new LinearHead([new HeadTerm(FeatureKinds.VisualTokens, [new float[3 * rig.Hidden]])], [], [2.0]);
        var taught = new Question(Text, AnswerKind.YesNo) { Taught = new TaughtScorer(null, head, 3, TaughtAnswerer.Taught) };
        var passes = rig.Answerer.Passes;
        var answers = rig.Ask([.. Enumerable.Repeat(taught, 100)]);
        Assert.Equal(passes, rig.Answerer.Passes);
        Assert.All(answers, answer => Assert.Equal(ScoreSource.Encoder, answer.ScoredBy));
        Assert.All(answers, answer => Assert.Equal(ModelScores.Sigmoid(2), answer.Score!.Value, 1e-9));
        Assert.Equal(expected!.Value, rig.Answerer.Ask(new Question(Text, AnswerKind.YesNo)).Score!.Value, 1e-5);
    }

    [Theory]
    [InlineData(1.5, ScoreSource.Encoder)]
    [InlineData(2.5, ScoreSource.Model)]
    public void A_cascade_asks_the_decoder_where_the_head_is_unsure(double unsure, ScoreSource source)
    {
        using var rig = new Rig("fp32", cuda: false);
        var head = new LinearHead([new HeadTerm(FeatureKinds.VisualTokens, [new float[3 * rig.Hidden]])], [], [-2.0]);
        var answer = rig.Ask(new Question(Text, AnswerKind.YesNo) { Taught = new TaughtScorer(null, head, unsure, TaughtAnswerer.Cascade) })[0];
        Assert.Equal(source, answer.ScoredBy);
    }

    [Fact]
    public void A_head_rescores_the_models_answer_from_its_features_and_its_logit()
    {
        using var rig = new Rig("fp32", cuda: false);
        var plain = rig.Ask(new Question(Text, AnswerKind.YesNo) { Features = FeatureKinds.LastAnswer })[0];
        var weights = Enumerable.Repeat(0.1f, rig.Hidden).ToArray();
        var head = new LinearHead([new HeadTerm(FeatureKinds.LastAnswer, [weights])], [[0.5]], [0.25]);
        var answer = rig.Ask(new Question(Text, AnswerKind.YesNo) { Taught = new TaughtScorer(head, null, 0, TaughtAnswerer.Model) })[0];
        var expected = plain.Features[FeatureKinds.LastAnswer].Sum(value => 0.1 * value) + (0.5 * ModelScores.Logit(plain.Score!.Value)) + 0.25;
        Assert.Equal(ModelScores.Sigmoid(expected), answer.Score!.Value, 1e-4);
        Assert.Equal(plain.Score!.Value, answer.ModelScore!.Value, 1e-5);
        Assert.Equal(ScoreSource.Head, answer.ScoredBy);
        Assert.False(answer.IsBelowMinMass);
    }

    [Fact]
    public void A_decoder_of_one_layer_has_no_early_states()
    {
        Assert.Null(DecoderTensors.EarlyLayer(1));
        Assert.Equal(1, DecoderTensors.EarlyLayer(2));
        Assert.Equal(1, DecoderTensors.EarlyLayer(3));
        Assert.Equal(8, DecoderTensors.EarlyLayer(24));
    }

    private sealed class Rig : IDisposable
    {
        public Rig(string precision, bool cuda)
        {
            var model = GoldenModel.Get("mobilevlm-v2", precision, precision, cuda);
            Hidden = model.Folder.Manifest.Language.HiddenSize;
            Tokens = model.Encode("mobilevlm-v2", Path.GetFileName(Directory.GetFiles(GoldenFolder.Path("mobilevlm-v2"), "*.png")[0]));
            Answerer = model.Answerer();
        }

        public int Hidden { get; }

        public VisualTokens Tokens { get; }

        public QuestionAnswerer Answerer { get; }

        public Answer[] Ask(params Question[] questions)
        {
            var answers = new Answer[questions.Length];
            Answerer.AskAbout(Tokens, questions, (i, answer) => answers[i] = answer);
            return answers;
        }

        public void Dispose()
        {
            Answerer.Dispose();
            Tokens.Dispose();
        }
    }
}
