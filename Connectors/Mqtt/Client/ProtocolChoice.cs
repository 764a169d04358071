namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Remembers which version of MQTT a broker speaks: 5 unless it was seen to speak 3.1.1 only. Thread-safe.</summary>
/// <remarks>Version 5 is tried again after <see cref="TryNewerAfter"/>, at the next connect, and after a restart of the
/// process: brokers are updated.</remarks>
internal sealed class ProtocolChoice(TimeProvider time)
{
    /// <summary>A connection attempt later than this after the last one with MQTT 5 begins with MQTT 5 again.</summary>
    public static readonly TimeSpan TryNewerAfter = TimeSpan.FromHours(24);

    /// <summary>Connections with MQTT 5 that must end in a row without having carried anything before 3.1.1 is tried.</summary>
    public const int UnusedEndsBeforeOlder = 3;

    private readonly Lock _lock = new();
    private long? _olderSince;
    private bool _isAssumed;
    private bool _assumptionFailed;
    private int _unusedEnds;

    /// <summary>Whether the next attempt begins with 3.1.1.</summary>
    public bool BeginsWithOlder
    {
        get
        {
            lock (_lock)
            {
                return _olderSince is { } since && time.GetElapsedTime(since) < TryNewerAfter;
            }
        }
    }

    /// <summary>The broker took 3.1.1 and does not take 5.</summary>
    /// <returns>False when that was known.</returns>
    public bool LearnOlder()
    {
        lock (_lock)
        {
            var known = _olderSince is not null;
            (_olderSince, _isAssumed) = (time.GetTimestamp(), false);
            return !known;
        }
    }

    /// <summary>The broker took 5.</summary>
    /// <returns>True when it was thought to speak 3.1.1 only.</returns>
    public bool LearnNewer()
    {
        lock (_lock)
        {
            var known = _olderSince is null;
            _olderSince = null;
            return !known;
        }
    }

    /// <summary>A connection ended. Brokers that misread MQTT 5 close it at the first message instead of at CONNECT.</summary>
    /// <param name="older">It spoke 3.1.1.</param>
    /// <param name="used">The broker acknowledged something on it, or this service ended it.</param>
    /// <returns>True when 3.1.1 is tried from now on.</returns>
    public bool Ended(bool older, bool used)
    {
        lock (_lock)
        {
            if (older)
            {
                if (_isAssumed && !used)
                {
                    // The version was not the cause. Until the next start no other version is tried.
                    (_olderSince, _isAssumed, _assumptionFailed) = (null, false, true);
                }

                return false;
            }

            _unusedEnds = used ? 0 : _unusedEnds + 1;
            if (_unusedEnds < UnusedEndsBeforeOlder || _assumptionFailed)
            {
                return false;
            }

            (_olderSince, _isAssumed, _unusedEnds) = (time.GetTimestamp(), true, 0);
            return true;
        }
    }
}
