using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>A question whose answers are shown.</summary>
/// <param name="Camera">The camera's name in topics.</param>
/// <param name="Id">The question's name in topics.</param>
/// <param name="Ask">The question's text.</param>
internal sealed record WatchedQuestion(string Camera, string Id, string Ask);

/// <summary>A question and the last answer that was published; null before the first.</summary>
internal sealed record WatchedAnswer(WatchedQuestion Question, AnswerPayload? Answer);

/// <summary>A camera and its availability as published; null before the first message.</summary>
internal sealed record WatchedCamera(string Id, string? Availability);

/// <summary>A snapshot of what a subscriber has received.</summary>
/// <param name="Availability">The service's availability as published; null before the first message.</param>
/// <param name="Cameras">The cameras, in the order of the configuration.</param>
/// <param name="Answers">The answers, in the order of the configuration.</param>
/// <param name="Events">The latest events, oldest first.</param>
/// <param name="EventCount">The number of all events received so far.</param>
/// <param name="AnswerCount">The number of all answers received so far.</param>
/// <param name="LastMessageAt">When the last message arrived; null before the first.</param>
internal sealed record WatchSnapshot(
    string? Availability,
    IReadOnlyList<WatchedCamera> Cameras,
    IReadOnlyList<WatchedAnswer> Answers,
    IReadOnlyList<EventPayload> Events,
    long EventCount,
    long AnswerCount,
    DateTimeOffset? LastMessageAt);
