using System.Globalization;
using System.Threading.Channels;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>One event for the viewers.</summary>
/// <param name="Id">Names it over reconnections.</param>
/// <param name="Name"><c>answer</c>, <c>state</c>, <c>event</c> or <c>camera</c>.</param>
/// <param name="Json">One line of UTF-8.</param>
public sealed record LiveEvent(string Id, string Name, ReadOnlyMemory<byte> Json);

/// <summary>The latest events and the clients that follow them. A client that is too slow, or was away for too long, gets the event that makes it
/// load everything again. Thread-safe.</summary>
/// <param name="time">The clock of what is kept.</param>
public sealed class LiveEvents(TimeProvider time)
{
    /// <summary>Events that a follower can get afterwards.</summary>
    public const int MaxKept = 512;

    /// <summary>Most followers.</summary>
    public const int MaxFollowers = 64;

    private const int MaxUnread = 256;

    // Ids of another run of the process must not be taken for those of this one.
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private readonly Lock _lock = new();
    private readonly Queue<(long Number, LiveEvent Event)> _kept = new();
    private readonly List<LiveFollower> _followers = [];
    private long _number;

    /// <summary>What a viewer that loads the page gets of the time before.</summary>
    public RecentAnswers Recent { get; } = new(time);

    /// <summary>Passes an event to all followers. Returns at once.</summary>
    public void Publish(string name, ReadOnlyMemory<byte> json)
    {
        lock (_lock)
        {
            var happened = new LiveEvent(string.Create(CultureInfo.InvariantCulture, $"{_run}-{++_number}"), name, json);
            _kept.Enqueue((_number, happened));
            if (_kept.Count > MaxKept)
            {
                _kept.Dequeue();
            }

            foreach (var follower in _followers)
            {
                follower.Offer(happened);
            }
        }
    }

    /// <summary>Begins to follow.</summary>
    /// <param name="lastId">The last event that the client has; null for a new client.</param>
    /// <returns>Null when there are too many followers.</returns>
    public LiveFollower? Follow(string? lastId)
    {
        lock (_lock)
        {
            if (_followers.Count >= MaxFollowers)
            {
                return null;
            }

            var follower = new LiveFollower(this, MaxUnread + MaxKept);
            if (!string.IsNullOrEmpty(lastId))
            {
                if (TryFind(lastId) is { } number)
                {
                    foreach (var (_, missed) in _kept.Where(it => it.Number > number))
                    {
                        follower.Offer(missed);
                    }
                }
                else
                {
                    follower.MustResync = true;
                }
            }

            _followers.Add(follower);
            return follower;
        }
    }

    internal void Remove(LiveFollower follower)
    {
        lock (_lock)
        {
            _followers.Remove(follower);
        }
    }

    /// <returns>The number of an event of which all later ones are kept; null otherwise.</returns>
    private long? TryFind(string id)
    {
        var prefix = $"{_run}-";
        return id.StartsWith(prefix, StringComparison.Ordinal)
            && long.TryParse(id.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= _number
            && number >= _number - _kept.Count
                ? number
                : null;
    }
}

/// <summary>The events of one follower. Dispose it when the client leaves.</summary>
public sealed class LiveFollower : IDisposable
{
    private readonly LiveEvents _events;
    private readonly Channel<LiveEvent> _unread;
    private volatile bool _mustResync;

    internal LiveFollower(LiveEvents events, int maxUnread)
    {
        _events = events;
        _unread = Channel.CreateBounded<LiveEvent>(new BoundedChannelOptions(maxUnread) { SingleReader = true });
    }

    /// <summary>Events were lost: the client must load everything again.</summary>
    public bool MustResync
    {
        get => _mustResync;
        set => _mustResync = value;
    }

    /// <summary>The events that were not sent yet.</summary>
    public ChannelReader<LiveEvent> Unread => _unread.Reader;

    /// <inheritdoc/>
    public void Dispose() => _events.Remove(this);

    internal void Offer(LiveEvent happened)
    {
        if (!_unread.Writer.TryWrite(happened))
        {
            _mustResync = true;
        }
    }
}
