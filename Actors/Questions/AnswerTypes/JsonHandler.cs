using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions.AnswerTypes;

/// <summary>An object of fields, each asked as a separate question about the same frame, so that it is always valid
/// JSON.</summary>
internal sealed class JsonHandler : AnswerHandler
{
    private const string IsNotAsked = "An object is not asked itself; its fields are.";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override bool IsWritten => false;

    internal override AnswerType Published => AnswerType.Text;

    internal override bool IsFreeText => true;

    public override Question ToModelQuestion(string ask, IReadOnlyList<string> choices, int maxTokens) =>
        throw new NotSupportedException(IsNotAsked);

    internal override IEnumerable<Question> ToModelQuestions(StandingQuestion question) =>
        question.Fields.Select(field => Of(field.Kind).ToModelQuestion(field.Text, field.Choices, field.MaxTokens) with
        {
            Suffix = question.Suffix,
            MinMass = question.MinMass,
        });

    internal override ParsedAnswer Parse(StandingQuestion question, IReadOnlyList<Answer> parts, Thresholds thresholds)
    {
        var whole = new JsonObject();
        UnknownReason? unclear = null;
        foreach (var (field, answer) in question.Fields.Zip(parts))
        {
            var parsed = Of(field.Kind).ParsePart(answer, field.Number, thresholds);
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

    internal override string ToComparable(StandingQuestion question, IReadOnlyList<Answer> parts, Thresholds thresholds)
    {
        var wordingCounts = WordingCounts(question);
        return string.Join('\n', question.Fields.Zip(parts, (field, answer) =>
            Of(field.Kind).ToComparable(Of(field.Kind).ParsePart(answer, field.Number, thresholds), wordingCounts)));
    }

    // Half an object is not JSON, and readers of objects are not bound by the limit of states.
    internal override string ToTopic(string state) => state;

    private protected override ParsedAnswer ParseSound(Answer answer, NumberBounds bounds, Thresholds thresholds) =>
        throw new NotSupportedException(IsNotAsked);
}
