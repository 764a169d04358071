using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Questions;

public sealed class AnswerHandlerTests
{
    public static TheoryData<QuestionKind> Kinds { get; } = [.. Enum.GetValues<QuestionKind>()];

    public static TheoryData<UnknownReason> Reasons { get; } = [.. Enum.GetValues<UnknownReason>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_type_of_answer_is_asked_parsed_and_published(QuestionKind kind)
    {
        var handler = AnswerHandler.Of(kind);
        var question = new StandingQuestion("q", "Ask?", kind, TimeSpan.Zero)
        {
            Choices = kind == QuestionKind.Choice ? ["7", "8"] : [],
            Fields = kind == QuestionKind.Json ? [new QuestionField("count", "How many?", QuestionKind.Number)] : [],
        };

        var asked = handler.ToModelQuestions(question).ToList();
        var parsed = handler.Parse(question, [.. asked.Select(it => new Answer(it, "7", "7", 0.9, [1], FinishReason.Stopped, default))], new());

        Assert.NotEmpty(asked);
        Assert.NotNull(parsed.Value);
        Assert.True(Enum.IsDefined(handler.Published));
    }

    [Fact]
    public void Types_differ_in_what_the_model_is_asked_and_in_what_subscribers_get()
    {
        Assert.Equal(
            [
                (QuestionKind.YesNo, AnswerKind.YesNo, AnswerType.YesNo, false),
                (QuestionKind.Choice, AnswerKind.Choice, AnswerType.Choice, false),
                (QuestionKind.Number, AnswerKind.Text, AnswerType.Number, true),
                (QuestionKind.Text, AnswerKind.Text, AnswerType.Text, true),
            ],
            Enum.GetValues<QuestionKind>().Where(kind => kind != QuestionKind.Json).Select(kind =>
                (kind, AnswerHandler.Of(kind).ToModelQuestion("?", [], 5).Kind, AnswerHandler.Of(kind).Published, AnswerHandler.Of(kind).IsWritten)));
    }

    [Fact]
    public void Each_type_that_a_request_may_name_is_published_as_that_type() =>
        Assert.All(AskParser.Types, type => Assert.Equal(type, AnswerHandler.Of(type).Published));

    [Fact]
    public void A_type_without_a_handler_is_an_error_and_not_a_text() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerHandler.Of((QuestionKind)99));

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Each_reason_has_a_sentence_of_its_own(UnknownReason reason) =>
        Assert.Single(Enum.GetValues<UnknownReason>(), other => other.ToSentence() == reason.ToSentence());
}
