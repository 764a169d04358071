using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.States;

/// <summary>Turns the answer of the model into the type of answer that was configured.</summary>
internal static class AnswerParser
{
    /// <summary>Stands for bytes that are not UTF-8.</summary>
    private const char Undecodable = '\ufffd';

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="question">What was asked.</param>
    /// <param name="parts">Its answers, as <see cref="QuestionBatch"/> puts them.</param>
    /// <param name="thresholds">The thresholds of this time of day.</param>
    public static ParsedAnswer Read(StandingQuestion question, IReadOnlyList<Answer> parts, Thresholds thresholds) =>
        question.Kind == QuestionKind.Json
            ? Object(question.Fields, parts, thresholds)
            : One(question.Kind, question.Number, parts[0], thresholds);

    private static ParsedAnswer One(QuestionKind kind, NumberBounds bounds, Answer answer, Thresholds thresholds) => kind switch
    {
        _ when answer.Failure is { } failure => Failed(failure.Kind.ToReason()),
        _ when !IsFinite(answer) => Failed(UnknownReason.NotFinite),
        QuestionKind.YesNo => YesNo(answer, thresholds),
        QuestionKind.Choice => Choice(answer, thresholds),
        QuestionKind.Number => Number(answer, bounds),
        _ => Text(answer),
    };

    // JSON cannot express NaN, and no rule can use it.
    private static bool IsFinite(Answer answer) =>
        double.IsFinite(answer.Score ?? 0) && answer.ChoiceScores.All(double.IsFinite);

    private static ParsedAnswer Failed(UnknownReason reason) => new() { Value = null, Unclear = reason, IsFailure = true };

    private static ParsedAnswer YesNo(Answer answer, Thresholds thresholds)
    {
        string? value = answer.Score switch
        {
            // An engine that gives no probability is taken at its word.
            null => answer.Value,
            var score when score >= thresholds.YesAbove => AnswerWords.Yes,
            var score when score <= thresholds.NoBelow => AnswerWords.No,
            _ => null,
        };
        return Scored(answer, value);
    }

    private static ParsedAnswer Choice(Answer answer, Thresholds thresholds) =>
        Scored(answer, answer.Score < thresholds.MinScore ? null : answer.Value) with
        {
            Choices = [.. answer.Question.Choices.Zip(answer.ChoiceScores, KeyValuePair.Create)],
        };

    private static ParsedAnswer Scored(Answer answer, string? value) => new()
    {
        Value = value,
        Unclear = value is null ? UnknownReason.Uncertain : null,
        Score = answer.Score,
        Text = answer.Text,
    };

    private static ParsedAnswer Number(Answer answer, NumberBounds bounds)
    {
        var number = NumberParser.Read(answer.Text, bounds.Unit);
        UnknownReason? unclear =
            number is null ? UnknownReason.NotANumber
            : !double.IsFinite(number.Value) || !bounds.Holds(number.Value) ? UnknownReason.OutOfBounds
            : null;
        return new ParsedAnswer
        {
            Value = unclear is null ? number!.Value.ToString(CultureInfo.InvariantCulture) : null,
            Unclear = unclear,
            Text = answer.Text,
            Number = number is { } read && double.IsFinite(read) ? read : null,
        };
    }

    private static ParsedAnswer Text(Answer answer)
    {
        var text = string.Concat(answer.Text.Where(c => !char.IsControl(c) || c is '\n' or '\t')).Trim();
        var hasValue = text.Any(c => c != Undecodable && !char.IsWhiteSpace(c));
        return new ParsedAnswer
        {
            Value = hasValue ? text : null,
            Unclear = hasValue ? null : UnknownReason.NoText,
            Text = answer.Text,
        };
    }

    private static ParsedAnswer Object(
        IReadOnlyList<QuestionField> fields, IReadOnlyList<Answer> parts, Thresholds thresholds)
    {
        var whole = new JsonObject();
        UnknownReason? unclear = null;
        foreach (var (field, answer) in fields.Zip(parts))
        {
            var parsed = One(field.Kind, field.Number, answer, thresholds);
            unclear ??= parsed.Unclear;
            whole[field.Name] = parsed switch
            {
                { Value: null } => null,
                { Number: { } number } => number,
                { Value: var value } => value,
            };
        }

        var hasValue = whole.Any(field => field.Value is not null);
        var failure = hasValue ? null : parts.Select(part => part.Failure).FirstOrDefault(it => it is not null);
        var json = whole.ToJsonString(Readable);
        return new ParsedAnswer
        {
            Value = hasValue ? json : null,
            Unclear = hasValue ? null : failure?.Kind.ToReason() ?? unclear,
            IsFailure = failure is not null,
            Text = json,
            Fields = whole,
        };
    }
}
