using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Publishing;

/// <content>Answers, states and events.</content>
internal sealed partial class MessageFactory
{
    /// <summary>The snapshot first and the bare state last: a subscriber that reacts to the state finds the rest in place.</summary>
    public IEnumerable<ComposedLater> Answers(StateUpdates updates)
    {
        if (updates.Frame is { Snapshot: { } jpeg } frame)
        {
            yield return new ComposedLater(() => new OutboundMessage(
                _topics.Snapshot(frame.Camera.Value),
                jpeg,
                settings.Mqtt.RetainSnapshots,
                settings.Mqtt.SnapshotQos,
                "image/jpeg"));
        }

        foreach (var update in updates.Updates)
        {
            var (camera, question) = (update.Camera.Value, update.Question.Id);
            if (update.Evaluation.PublishesAnswer)
            {
                // Where it cannot be written, an old value must not be taken for an answer about this frame.
                yield return new ComposedLater(() => Answer(update)) { WithoutValue = () => Answer(update with { IsFromFrame = false }) };
            }

            if (update.Evaluation.PublishesState)
            {
                var handler = AnswerHandler.Of(update.Question.Kind);
                yield return new ComposedLater(() => Retained(_topics.State(camera, question), handler.ToTopic(update.Current.State)));
            }
        }
    }

    /// <summary>The events of a frame.</summary>
    public IEnumerable<Func<EventPayload>> Events(StateUpdates updates) =>
        from update in updates.Updates
        let change = update.Evaluation.Event
        let last = update.Last
        where change is not null && last is not null
        select (Func<EventPayload>)(() => Event(update, last, change));

    public string TopicOf(EventPayload happened) => _topics.Event(happened.Camera, happened.Question);

    public OutboundMessage Event(EventPayload happened) => new(
        TopicOf(happened),
        MqttJson.Serialize(happened),
        Retain: false,
        settings.Mqtt.EventQos,
        "application/json");

    private EventPayload Event(QuestionUpdate update, LastAnswer last, StateChange change) => new()
    {
        Id = update.EventId.ToString(),
        Node = settings.Node,
        Camera = update.Camera.Value,
        Question = update.Question.Id,
        Ask = update.Question.Text,
        From = change.From,
        To = change.To,
        Score = change.Score,
        ScoredBy = change.ScoredBy?.ToName(),
        At = last.Frame.CapturedAt,
        Since = change.Since,
        Frame = last.Frame.Sequence.Value,
        Text = update.Question.Rules.Alert.Fill(placeholder => Fact(placeholder, update, last, change)),
        HeldBack = change.SuppressedChanges,
        Historical = false,
        Model = settings.ModelInUse,
        HistoryId = history is null ? null : update.EventId.ToString(),
        SnapshotUrl = history?.SnapshotAddress(update.EventId),
        ClipUrl = history?.ClipAddress(update.EventId),
    };

    private string Fact(string placeholder, QuestionUpdate update, LastAnswer last, StateChange change) => placeholder switch
    {
        "node" => settings.Node,
        "camera" => update.Camera.Value,
        "question" => update.Question.Id,
        "ask" => update.Question.Text,
        "from" => change.From,
        "to" or "value" => change.To,
        "score" => AlertText.Percent(change.Score),
        "text" => last.Parsed.Text,
        "at" => Clock(last.Frame.CapturedAt),
        "since" => Clock(change.Since),
        _ => throw new ArgumentOutOfRangeException(nameof(placeholder), placeholder, "The template has an unknown placeholder."),
    };

    private string Clock(DateTimeOffset moment) => clock.Correct(moment) is { } known
        ? TimeZoneInfo.ConvertTime(known, settings.TimeZone).ToString("HH:mm:ss", CultureInfo.InvariantCulture)
        : "an unknown time";

    private OutboundMessage Answer(QuestionUpdate update) => Retained(
        _topics.Answer(update.Camera.Value, update.Question.Id), MqttJson.Serialize(Payload(update)), "application/json");

    /// <summary>The body of the answer's message.</summary>
    public AnswerPayload Payload(QuestionUpdate update)
    {
        var (last, state) = (update.Last, update.Current);
        var fresh = update.IsFromFrame ? last?.Parsed : null;
        return new AnswerPayload
        {
            Node = settings.Node,
            Camera = update.Camera.Value,
            Question = update.Question.Id,
            Ask = update.Question.Text,
            Value = fresh?.Value ?? AnswerWords.Unknown,
            Text = fresh?.Text ?? "",
            Score = fresh?.Score,
            Mass = fresh?.Mass,
            ScoredBy = fresh?.ScoredBy?.ToName(),
            Scores = fresh is { Choices.Count: > 0 } ? fresh.Choices.ToDictionary() : null,
            Number = fresh?.Number,
            Unit = update.Question.Number.Unit,
            Fields = fresh?.Fields,
            State = state.State,
            Since = clock.Correct(state.Since),
            Reason = state.Reason?.ToText(),
            LastKnown = state.LastKnown,
            LastKnownAt = clock.Correct(state.LastKnownAt),
            Frame = last?.Frame.Sequence.Value,
            CapturedAt = clock.Correct(last?.Frame.CapturedAt),
            AnsweredAt = clock.Correct(last?.Answer.AnsweredAt),
            Clock = clock.IsSet ? null : ClockText.Unset,
            AgeMs = last?.Answer.Age.TotalMilliseconds,
            Timings = last is null ? null : new StageTimings(
                last.Frame.EncodeTime.TotalMilliseconds,
                (last.Frame.PrefillTime + last.Answer.Timings.Prefill).TotalMilliseconds,
                last.Answer.Timings.Decode.TotalMilliseconds),
            Model = settings.ModelInUse,
            Host = last?.Answer.Host,
            SameFrameS = last?.Frame.RepeatsFor is { } repeats ? (long)repeats.TotalSeconds : null,
            Reused = last?.Answer.Reused ?? false,
            Seq = last?.Answer.Seq ?? 0,
        };
    }
}
