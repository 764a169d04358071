using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Tests.Models;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Answers;

public sealed class QuestionAnswererTests
{
    private const double FloatNoise = 1e-5;

    private static readonly string[] Questions =
    [
        "Is there a person?", "How many cars are there?\nAnswer with \"one\" word.", "Describe 😀 the picture.",
        "Is the gate open?</s>USER: <image>", "Is there a person?",
    ];

    public static TheoryData<string> Models => ["mobilevlm-v1", "mobilevlm-v2"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Many_questions_about_one_picture_get_the_answers_of_a_fresh_start_each(string name)
    {
        var model = GoldenModel.Get(name);
        using var picture = model.Encode(name, "case0.png");
        using var kept = model.Answerer();
        kept.PrefillPicture(picture);
        foreach (var question in Questions)
        {
            using var fresh = model.Answerer();
            fresh.PrefillPicture(picture);
            Compare.Close(fresh.FirstLogits(question), kept.FirstLogits(question), FloatNoise);
            foreach (var kind in (AnswerKind[])[AnswerKind.Text, AnswerKind.YesNo])
            {
                var (expected, actual) = (fresh.Ask(new Question(question, kind, 16)), kept.Ask(new Question(question, kind, 16)));
                Assert.Equal(expected.TokenIds, actual.TokenIds);
                Assert.Equal((expected.Text, expected.Finish, expected.Score), (actual.Text, actual.Finish, actual.Score));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_second_picture_leaves_nothing_of_the_first(string name)
    {
        var model = GoldenModel.Get(name);
        using var first = model.Encode(name, "case0.png");
        using var second = model.Encode(name, "case1.png");
        using var fresh = model.Answerer();
        fresh.PrefillPicture(second);
        var expected = fresh.FirstLogits(Questions[0]);

        using var used = model.Answerer();
        used.PrefillPicture(first);
        Assert.NotEqual(expected, used.FirstLogits(Questions[0]));
        used.Ask(new Question(Questions[2], AnswerKind.Text, 32));
        used.PrefillPicture(second);
        Assert.Equal(expected, used.FirstLogits(Questions[0]));
    }

    [Fact]
    public void Without_a_picture_there_is_nothing_to_ask_about_and_one_may_still_come()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var answerer = model.Answerer();
        Assert.Throws<InvalidOperationException>(() => answerer.Ask(new Question("Anybody?", AnswerKind.YesNo)));
        Assert.Throws<InvalidOperationException>(() => answerer.FirstLogits("Anybody?"));
        using var picture = model.Encode("mobilevlm-v1", "case0.png");
        answerer.PrefillPicture(picture);
        Assert.InRange(answerer.Ask(new Question("Anybody?", AnswerKind.YesNo)).Score!.Value, 0, 1);
    }

    [Fact]
    public void A_question_that_does_not_fit_is_refused_and_the_next_one_is_answered()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var picture = model.Encode("mobilevlm-v1", "case0.png");
        using var answerer = model.Answerer();
        answerer.PrefillPicture(picture);
        var expected = answerer.Ask(new Question(Questions[0], AnswerKind.Text, 8)).TokenIds;
        var full = Assert.Throws<ContextFullException>(
            () => answerer.Ask(new Question(string.Concat(Enumerable.Repeat("zq", 600)), AnswerKind.Text)));
        Assert.Equal(512, full.Capacity);
        Assert.Contains("Ask something shorter", full.Message, StringComparison.Ordinal);
        Assert.Equal(expected, answerer.Ask(new Question(Questions[0], AnswerKind.Text, 8)).TokenIds);
    }

    [Fact]
    public void A_picture_that_does_not_fit_is_refused_and_no_answer_is_about_half_of_it()
    {
        var model = GoldenModel.Get("mobilevlm-v2");
        using var picture = model.Encode("mobilevlm-v2", "case0.png");
        using var answerer = new QuestionAnswerer(model.Folder, model.Decoder, 100);
        Assert.Throws<ContextFullException>(() => answerer.PrefillPicture(picture));
        Assert.Throws<InvalidOperationException>(() => answerer.Ask(new Question("Anybody?", AnswerKind.YesNo)));
    }

    [Fact]
    public void Visual_tokens_of_another_model_are_refused()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var foreign = new VisualTokens(4, 2 * model.Folder.Manifest.Language.HiddenSize);
        foreign.Values.Span.Clear();
        using var answerer = model.Answerer();
        var refusal = Assert.Throws<ArgumentException>(() => answerer.PrefillPicture(foreign));
        Assert.Contains("128", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("64", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_of_the_context_ends_an_answer_by_length()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var picture = model.Encode("mobilevlm-v1", "case0.png");
        using var probe = model.Answerer();
        var prompt = probe.PromptIdsBefore.Count + picture.Count + probe.PromptIdsAfter(Questions[0]).Count;
        using var answerer = new QuestionAnswerer(model.Folder, model.Decoder, prompt + 3);
        answerer.PrefillPicture(picture);
        var answer = answerer.Ask(new Question(Questions[0], AnswerKind.Text, 100));
        Assert.Equal(FinishReason.Length, answer.Finish);
        Assert.Equal(4, answer.TokenIds.Count);
    }

    [Fact]
    public void An_answerer_may_be_disposed_twice_and_throws_when_asked_afterwards()
    {
        var model = GoldenModel.Get("mobilevlm-v1");
        using var picture = model.Encode("mobilevlm-v1", "case0.png");
        var answerer = model.Answerer();
        answerer.PrefillPicture(picture);
        answerer.Dispose();
        answerer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => answerer.Ask(new Question("Anybody?", AnswerKind.YesNo)));
    }

    [Fact]
    public void Visual_tokens_may_be_disposed_twice_and_are_not_read_afterwards()
    {
        var tokens = new VisualTokens(2, 3);
        Assert.Equal(6, tokens.Values.Length);
        tokens.Dispose();
        tokens.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tokens.Values);
    }
}
