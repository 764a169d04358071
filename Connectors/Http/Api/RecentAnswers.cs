using System.Collections.Concurrent;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The answers of one question in a few seconds.</summary>
/// <param name="Age">Age of the last of them.</param>
/// <param name="Score">Its score, 0..1; null for answers without one.</param>
/// <param name="Low">The lowest score in that time.</param>
/// <param name="High">The highest score in that time.</param>
/// <param name="Number">The last number; null for other answers.</param>
/// <param name="Timings">Times of the stages of the last answer that was computed; null if all were reused.</param>
public sealed record AnswerPoint(TimeSpan Age, double? Score, double? Low, double? High, double? Number, StageTimings? Timings);

/// <summary>The scores of the last hour by question, and the newest events. They are in memory only: a restart begins anew. Age is
/// measured with a clock that never jumps. Thread-safe.</summary>
/// <param name="time">The clock.</param>
public sealed class RecentAnswers(TimeProvider time)
{
    /// <summary>Events that are kept.</summary>
    public const int MaxEvents = 200;

    /// <summary>For how long answers are kept.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    /// <summary>Answers within this time are one point, so that the memory is bounded however often a question is asked.</summary>
    public static readonly TimeSpan PointEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Camera, string Question), Series> _series = new();
    private readonly Lock _lock = new();
    private readonly Queue<ReadOnlyMemory<byte>> _events = new();

    /// <summary>Keeps an answer.</summary>
    /// <param name="answer">The answer, whose frame has just been evaluated.</param>
    public void Add(AnswerPayload answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _series.GetOrAdd((answer.Camera, answer.Question), _ => new Series()).Add(time.GetTimestamp(), answer, time);
    }

    /// <summary>Keeps an event as the JSON of its MQTT payload. The oldest one is dropped for it when there are too many.</summary>
    public void AddEvent(ReadOnlyMemory<byte> json)
    {
        lock (_lock)
        {
            _events.Enqueue(json);
            if (_events.Count > MaxEvents)
            {
                _events.Dequeue();
            }
        }
    }

    /// <summary>Forgets the event with an id.</summary>
    public void RemoveEvent(string id) => RemoveEvents(happened => happened.TryGetProperty("id", out var found) && found.ValueEquals(id));

    /// <summary>Forgets the events of a camera in a time.</summary>
    public void RemoveEvents(string camera, DateTimeOffset from, DateTimeOffset to) => RemoveEvents(happened =>
        happened.TryGetProperty("camera", out var of) && of.ValueEquals(camera)
        && happened.TryGetProperty("at", out var at) && at.ValueKind == JsonValueKind.String && at.TryGetDateTimeOffset(out var moment)
        && moment >= from && moment < to);

    private void RemoveEvents(Func<JsonElement, bool> isRemoved)
    {
        lock (_lock)
        {
            var others = _events.Where(json => !Is(json, isRemoved)).ToList();
            _events.Clear();
            others.ForEach(_events.Enqueue);
        }
    }

    /// <summary>The newest events as JSON, newest first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> NewestEvents(int limit)
    {
        lock (_lock)
        {
            return [.. _events.Reverse().Take(limit)];
        }
    }

    /// <summary>The answers of a question, oldest first.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="within">Older ones are left out.</param>
    public IReadOnlyList<AnswerPoint> Of(string camera, string question, TimeSpan within) =>
        _series.TryGetValue((camera, question), out var series) ? series.Newest(within, time) : [];

    /// <summary>Forgets questions that are no longer configured.</summary>
    public void Keep(IReadOnlySet<(string Camera, string Question)> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        foreach (var gone in _series.Keys.Where(key => !known.Contains(key)))
        {
            _series.TryRemove(gone, out _);
        }
    }

    private static bool Is(ReadOnlyMemory<byte> json, Func<JsonElement, bool> condition)
    {
        using var document = JsonDocument.Parse(json);
        return condition(document.RootElement);
    }

    private sealed class Series
    {
        private readonly Lock _lock = new();
        private readonly LinkedList<Point> _points = new();

        public void Add(long now, AnswerPayload answer, TimeProvider time)
        {
            var timings = answer.Reused ? null : answer.Timings;
            lock (_lock)
            {
                if (_points.Last is { Value: var last } && time.GetElapsedTime(last.Begin, now) < PointEvery)
                {
                    _points.Last.Value = last with
                    {
                        End = now,
                        Score = answer.Score,
                        Low = Least(last.Low, answer.Score),
                        High = Largest(last.High, answer.Score),
                        Number = answer.Number,
                        Timings = timings ?? last.Timings,
                    };
                    return;
                }

                _points.AddLast(new Point(now, now, answer.Score, answer.Score, answer.Score, answer.Number, timings));
                while (_points.First is { Value: var first } && time.GetElapsedTime(first.End, now) > KeptFor)
                {
                    _points.RemoveFirst();
                }
            }
        }

        public IReadOnlyList<AnswerPoint> Newest(TimeSpan within, TimeProvider time)
        {
            var now = time.GetTimestamp();
            lock (_lock)
            {
                return [.. _points
                    .Select(it => new AnswerPoint(time.GetElapsedTime(it.End, now), it.Score, it.Low, it.High, it.Number, it.Timings))
                    .Where(it => it.Age <= within)];
            }
        }

        private static double? Least(double? one, double? other) => one is { } a && other is { } b ? Math.Min(a, b) : one ?? other;

        private static double? Largest(double? one, double? other) => one is { } a && other is { } b ? Math.Max(a, b) : one ?? other;

        private readonly record struct Point(
            long Begin, long End, double? Score, double? Low, double? High, double? Number, StageTimings? Timings);
    }
}
