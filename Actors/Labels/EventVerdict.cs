using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Labels;

/// <summary>A label that says whether an event was right.</summary>
/// <param name="values">The labels of the question.</param>
/// <param name="isRight">Whether it was.</param>
internal sealed class EventVerdict(IReadOnlyList<string> values, bool isRight)
{
    /// <summary>The verdict of a request; null where its label is another.</summary>
    /// <exception cref="HttpFailureException">It judges no event, or nobody knows what would be right instead.</exception>
    public static EventVerdict? Of(StandingQuestion question, LabelRequest request)
    {
        var values = LabelValues.Of(question);
        var label = request.Label.Trim();
        bool Is(string word) => label.Equals(word, StringComparison.OrdinalIgnoreCase) && !values.Contains(label, StringComparer.OrdinalIgnoreCase);
        if (!Is(LabelRequest.Right) && !Is(LabelRequest.Wrong))
        {
            return null;
        }

        if (request.Frame is { Event: null, IsLastEvent: false })
        {
            throw HttpFailureException.Invalid("event", $"'{label}' judges an event; name it with 'event', or send one of {string.Join(", ", values)}");
        }

        return Is(LabelRequest.Right) || values.Count == 2 ? new EventVerdict(values, Is(LabelRequest.Right)) : throw HttpFailureException.Invalid(
            "label", $"'{label}' does not say which of {string.Join(", ", values)} is right; send that");
    }

    /// <summary>The label of the event's frame.</summary>
    /// <exception cref="HttpFailureException">The event announced something that is not a label of the question.</exception>
    public string ValueOf(HistoryEvent happened) =>
        !values.Contains(happened.To) ? throw HttpFailureException.Invalid(
            "event", $"the event announced '{happened.To}', which is none of {string.Join(", ", values)}; send one of them")
        : isRight ? happened.To
        : values.First(value => value != happened.To);
}
