using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Reads the questions of an ask.</summary>
internal static class AskBody
{
    private const int MaxQuestions = 16;
    private const int MaxQuestionBytes = 2000;
    private const int MaxChoices = 32;
    private const int MaxChoiceBytes = 128;
    private const int MaxMasks = 16;
    private const int MaxPolygonLength = 1000;

    /// <summary><c>{"questions":[{"ask","answer","choices","region","mask"}]}</c>.</summary>
    /// <exception cref="HttpFailureException">It is not that.</exception>
    public static IReadOnlyList<AskQuestion> Read(JsonElement body)
    {
        if (body.Get("questions") is not { ValueKind: JsonValueKind.Array } list)
        {
            throw HttpFailureException.Invalid("questions", "'questions' is not a list; send [{\"ask\":\"Is there a person?\",\"answer\":\"YesNo\"}], for example");
        }

        return Checked([.. list.EnumerateArray().Select(question => ReadQuestion(question, "ask") with
        {
            Region = question.Text("region"),
            Mask = question.Texts("mask", MaxMasks, MaxPolygonLength),
        })]);
    }

    /// <summary>One question about the whole picture: <c>{"question","answer","choices"}</c>.</summary>
    /// <exception cref="HttpFailureException">It is not that.</exception>
    public static IReadOnlyList<AskQuestion> ReadOne(JsonElement body) => Checked([ReadQuestion(body, "question")]);

    /// <summary><c>?question=Q&amp;question=Q2&amp;answer=YesNo&amp;choices=a&amp;choices=b&amp;region=R&amp;mask=M</c>: one answer and one
    /// region for all questions, or one each; every mask is for all.</summary>
    /// <exception cref="HttpFailureException">It is not that.</exception>
    public static IReadOnlyList<AskQuestion> Read(IQueryCollection query)
    {
        string[] asks = [.. query["question"].OfType<string>()];
        string[] answers = [.. query["answer"].OfType<string>()];
        string[] choices = [.. query["choices"].OfType<string>().Where(choice => choice.Length > 0)];
        if (answers.Length > 1 && answers.Length != asks.Length)
        {
            throw HttpFailureException.Invalid("answer", "send one 'answer' for all questions, or one for each question");
        }

        string[] regions = [.. query["region"].OfType<string>()];
        string[] masks = [.. query["mask"].OfType<string>().Where(mask => mask.Length > 0)];
        if (regions.Length > 1 && regions.Length != asks.Length)
        {
            throw HttpFailureException.Invalid("region", "send one 'region' for all questions, or one for each question, empty for the whole picture");
        }

        return Checked([.. asks.Select((ask, i) =>
        {
            var type = TypeOf(OneOrEach(answers, i));
            return new AskQuestion(ask, type, type == AnswerType.Choice ? choices : [])
            {
                Region = OneOrEach(regions, i),
                Mask = masks,
            };
        })]);

        static string? OneOrEach(string[] values, int at) => values switch { [] => null, [var one] => one, _ => values[at] };
    }

    /// <summary>One question about a part of the picture or all of it, yes or no unless it says otherwise: <c>{"ask","answer","choices","region","mask"}</c>.</summary>
    /// <param name="body">The question.</param>
    /// <param name="ask">The text where it has none.</param>
    /// <exception cref="HttpFailureException">It is not that.</exception>
    public static AskQuestion ReadWording(JsonElement body, string? ask) => Checked([new AskQuestion(
        body.Text("ask") ?? ask ?? "", TypeOf(body.Text("answer") ?? nameof(AnswerType.YesNo)), body.Texts("choices", MaxChoices, MaxChoiceBytes))
    {
        Region = body.Text("region"),
        Mask = body.Texts("mask", MaxMasks, MaxPolygonLength),
    }])[0];

    private static AskQuestion ReadQuestion(JsonElement body, string textMember) => new(
        body.Text(textMember) ?? "", TypeOf(body.Text("answer")), body.Texts("choices", MaxChoices, MaxChoiceBytes));

    private static IReadOnlyList<AskQuestion> Checked(IReadOnlyList<AskQuestion> sent)
    {
        // An empty region is none, as an empty text is elsewhere.
        IReadOnlyList<AskQuestion> questions = [.. sent.Select(question => string.IsNullOrWhiteSpace(question.Region) ? question with { Region = null } : question)];
        if (questions.Count is 0 or > MaxQuestions)
        {
            throw HttpFailureException.Invalid("questions", string.Create(CultureInfo.InvariantCulture, $"{questions.Count} questions were sent; 1 to {MaxQuestions} are accepted"));
        }

        foreach (var question in questions)
        {
            if (!QuestionText.HasText(question.Ask) || Encoding.UTF8.GetByteCount(question.Ask) > MaxQuestionBytes)
            {
                throw HttpFailureException.Invalid("ask", string.Create(CultureInfo.InvariantCulture, $"a question is empty or longer than {MaxQuestionBytes} bytes"));
            }

            if (question.Region?.Length > MaxPolygonLength)
            {
                throw HttpFailureException.Invalid("region", string.Create(CultureInfo.InvariantCulture, $"'region' has more than {MaxPolygonLength} characters"));
            }

            if (question.Mask.Count > MaxMasks || question.Mask.Any(mask => mask.Length > MaxPolygonLength))
            {
                throw HttpFailureException.Invalid("mask", string.Create(CultureInfo.InvariantCulture, $"'mask' is not a list of up to {MaxMasks} polygons of up to {MaxPolygonLength} characters"));
            }

            if (question.Type == AnswerType.Choice
                && (question.Choices.Count is < 2 or > MaxChoices
                    || question.Choices.Any(choice => Encoding.UTF8.GetByteCount(choice) > MaxChoiceBytes || !QuestionText.HasText(choice))
                    || question.Choices.Distinct(StringComparer.OrdinalIgnoreCase).Count() < question.Choices.Count))
            {
                throw HttpFailureException.Invalid("choices", string.Create(CultureInfo.InvariantCulture, $"'choices' is not a list of 2 to {MaxChoices} different texts"));
            }
        }

        return questions;
    }

    private static AnswerType TypeOf(string? name) =>
        name is null ? AnswerType.Text
        : Array.Find(Enum.GetValues<AnswerType>(), type => type.ToString().Equals(name, StringComparison.OrdinalIgnoreCase)) is var found
            && found.ToString().Equals(name, StringComparison.OrdinalIgnoreCase) ? found
        : throw HttpFailureException.Invalid("answer", $"'answer' is not one of {string.Join(", ", Enum.GetNames<AnswerType>())}");
}
