using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Where the sessions of this process run, as each said when it was opened: logged when it is new, and kept for
/// the statistics. Thread-safe.</summary>
internal sealed partial class SessionPlacements(ILogger logger)
{
    private readonly ConcurrentDictionary<string, SessionPlacement> _sessions = new();
    private int _saidWhy;

    /// <summary>For the statistics.</summary>
    public ModelPlacement Placement => new(RunsOn, _sessions.ToDictionary(
        s => Path.GetFileNameWithoutExtension(s.Key),
        s => new SessionStats(s.Value.Provider, s.Value.NodeCount, s.Value.OnCpu.Values.Sum(), s.Value.Reason)));

    // cpu, cuda:1, or several of them; null before the first session is open.
    private string? RunsOn => _sessions.IsEmpty
        ? null
        : string.Join('+', _sessions.Values.Select(s => s.RunsOn).Distinct().OrderDescending(StringComparer.Ordinal));

    public void Note(SessionPlacement placement)
    {
        // A pipeline that starts again opens them again, mostly as they were.
        var before = _sessions.GetValueOrDefault(placement.File);
        _sessions[placement.File] = placement;
        if (before?.ToString() != placement.ToString())
        {
            Opened(placement);
        }

        if (placement.Reason is { } reason && Interlocked.Exchange(ref _saidWhy, 1) == 0)
        {
            TookTheProcessor(reason);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Placement}")]
    private partial void Opened(SessionPlacement placement);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Model:Target is 'auto', which took the processor: {Reason}")]
    private partial void TookTheProcessor(string reason);
}
