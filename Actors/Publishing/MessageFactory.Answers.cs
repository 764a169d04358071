using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Publishing;

/// <content>Answers, states and events.</content>
internal sealed partial class MessageFactory
{
    /// <summary>The still first and the bare state last: who reacts to a state finds the rest in place.</summary>
    public IEnumerable<ComposedLater> Answers(FrameEvaluated judged)
    {
        if (judged.Frame is { Snapshot: { } jpeg } frame)
        {
            yield return new ComposedLater(() => new OutboundMessage(
                _topics.Snapshot(frame.Camera.Value),
                jpeg,
                settings.Mqtt.RetainSnapshots,
                settings.Mqtt.SnapshotQos,
                "image/jpeg"));
        }

        foreach (var news in judged.News)
        {
            var (camera, question) = (news.Camera.Value, news.Question.Id);
            if (news.Verdict.SayAnswer)
            {
                // Where it cannot be written, an old value must not look like an answer about this picture.
                yield return new ComposedLater(() => Answer(news)) { WithoutValue = () => Answer(news with { IsFresh = false }) };
            }

            if (news.Verdict.SayState)
            {
                var handler = AnswerHandler.Of(news.Question.Kind);
                yield return new ComposedLater(() => Retained(_topics.State(camera, question), handler.ToTopic(news.Standing.State)));
            }
        }
    }

    /// <summary>What changed.</summary>
    public IEnumerable<Func<EventPayload>> Events(FrameEvaluated judged) =>
        from news in judged.News
        let change = news.Verdict.Event
        let last = news.Last
        where change is not null && last is not null
        select (Func<EventPayload>)(() => Event(news, last, change));

    public string TopicOf(EventPayload happened) => _topics.Event(happened.Camera, happened.Question);

    public OutboundMessage Event(EventPayload happened) => new(
        TopicOf(happened),
        MqttJson.Serialize(happened),
        Retain: false,
        settings.Mqtt.EventQos,
        "application/json");

    private EventPayload Event(QuestionUpdate news, LastAnswer last, StateChange change) => new()
    {
        Id = news.EventId.ToString(),
        Node = settings.Node,
        Camera = news.Camera.Value,
        Question = news.Question.Id,
        Ask = news.Question.Ask,
        From = change.From,
        To = change.To,
        Score = change.Score,
        At = last.Frame.CapturedAt,
        Since = change.Since,
        Frame = last.Frame.Frame.Value,
        Text = news.Question.Rules.Alert.Fill(place => Fact(place, news, last, change)),
        HeldBack = change.HeldBack,
        Historical = false,
        Model = settings.ModelName,
    };

    private string Fact(string place, QuestionUpdate news, LastAnswer last, StateChange change) => place switch
    {
        "node" => settings.Node,
        "camera" => news.Camera.Value,
        "question" => news.Question.Id,
        "ask" => news.Question.Ask,
        "from" => change.From,
        "to" or "value" => change.To,
        "score" => AlertText.Percent(change.Score),
        "text" => last.Reading.Text,
        "at" => Clock(last.Frame.CapturedAt),
        "since" => Clock(change.Since),
        _ => throw new ArgumentOutOfRangeException(nameof(place), place, "The template has an unknown place."),
    };

    private string Clock(DateTimeOffset moment) => clock.Known(moment) is { } known
        ? TimeZoneInfo.ConvertTime(known, settings.TimeZone).ToString("HH:mm:ss", CultureInfo.InvariantCulture)
        : "an unknown time";

    private OutboundMessage Answer(QuestionUpdate news) => Retained(
        _topics.Answer(news.Camera.Value, news.Question.Id), MqttJson.Serialize(Payload(news)), "application/json");

    private AnswerPayload Payload(QuestionUpdate news)
    {
        var (last, standing) = (news.Last, news.Standing);
        var fresh = news.IsFresh ? last?.Reading : null;
        return new AnswerPayload
        {
            Node = settings.Node,
            Camera = news.Camera.Value,
            Question = news.Question.Id,
            Ask = news.Question.Ask,
            Value = fresh?.Value ?? AnswerWords.Unknown,
            Text = fresh?.Text ?? "",
            Score = fresh?.Score,
            Scores = fresh is { Choices.Count: > 0 } ? fresh.Choices.ToDictionary() : null,
            Number = fresh?.Number,
            Unit = news.Question.Number.Unit,
            Fields = fresh?.Fields,
            State = standing.State,
            Since = clock.Known(standing.Since),
            Reason = standing.Reason?.ToText(),
            LastKnown = standing.LastKnown,
            LastKnownAt = clock.Known(standing.LastKnownAt),
            Frame = last?.Frame.Frame.Value,
            CapturedAt = clock.Known(last?.Frame.CapturedAt),
            AnsweredAt = clock.Known(last?.Answer.AnsweredAt),
            Clock = clock.IsSet ? null : ClockText.Unset,
            AgeMs = last?.Answer.Age.TotalMilliseconds,
            Timings = last is null ? null : new StageTimings(
                last.Frame.EncodeTime.TotalMilliseconds,
                (last.Frame.PrimeTime + last.Answer.Timings.Prefill).TotalMilliseconds,
                last.Answer.Timings.Decode.TotalMilliseconds),
            Model = settings.ModelName,
            SameFrameS = last?.Frame.RepeatsFor is { } repeats ? (long)repeats.TotalSeconds : null,
            Reused = last?.Answer.Reused ?? false,
            Seq = last?.Answer.Seq ?? 0,
        };
    }
}
