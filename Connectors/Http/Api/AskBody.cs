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

    /// <summary><c>{"questions":[{"ask","answer","choices"}]}</c>.</summary>
    /// <exception cref="HttpFailureException">It is not that.</exception>
    public static IReadOnlyList<AskQuestion> Read(JsonElement body)
    {
        if (body.Get("questions") is not { ValueKind: JsonValueKind.Array } list)
        {
            throw HttpFailureException.Invalid("questions", "'questions' is not a list; send [{\"ask\":\"Is there a person?\",\"answer\":\"YesNo\"}], for example");
        }

        return Checked([.. list.EnumerateArray().Select(question => new AskQuestion(
            question.Text("ask") ?? "", TypeOf(question.Text("answer")), question.Texts("choices", MaxChoices, MaxChoiceBytes)))]);
    }

    /// <summary><c>?question=Q&amp;question=Q2&amp;answer=YesNo&amp;choices=a&amp;choices=b</c>: one answer for all questions, or one
    /// each.</summary>
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

        return Checked([.. asks.Select((ask, i) =>
        {
            var type = TypeOf(answers.Length == 0 ? null : answers.Length == 1 ? answers[0] : answers[i]);
            return new AskQuestion(ask, type, type == AnswerType.Choice ? choices : []);
        })]);
    }

    private static IReadOnlyList<AskQuestion> Checked(IReadOnlyList<AskQuestion> questions)
    {
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
