using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Records where each ONNX Runtime session of this process runs: a new placement is logged, and the current ones are
/// kept for the statistics. Thread-safe.</summary>
internal sealed partial class SessionPlacements(ILogger logger)
{
    private readonly ConcurrentDictionary<string, SessionPlacement> _sessions = new();
    private int _reasonLogged;

    /// <summary>The placements for the statistics.</summary>
    public ModelPlacement Placement => new(RunsOn, _sessions.ToDictionary(
        s => Path.GetFileNameWithoutExtension(s.Key),
        s => new SessionStats(s.Value.Provider, s.Value.NodeCount, s.Value.CpuNodesByOperator.Values.Sum(), s.Value.Reason)
        {
            Int8Kernel = s.Value.Kernel?.Name,
            Int8Advice = s.Value.Kernel?.Advice,
        }));

    // cpu, cuda:1, or several of them; null before the first session is open.
    private string? RunsOn => _sessions.IsEmpty
        ? null
        : string.Join('+', _sessions.Values.Select(s => s.RunsOn).Distinct().OrderDescending(StringComparer.Ordinal));

    public void Note(SessionPlacement placement)
    {
        // A pipeline that is restarted opens its sessions again, usually on the same device.
        var before = _sessions.GetValueOrDefault(placement.File);
        _sessions[placement.File] = placement;
        if (before?.ToString() != placement.ToString())
        {
            Opened(placement);
            if (placement.Kernel?.Advice is { } advice)
            {
                SlowKernel(placement.File, placement.Kernel.Name, advice);
            }
        }

        if (placement.Reason is { } reason && Interlocked.Exchange(ref _reasonLogged, 1) == 0)
        {
            FellBackToCpu(reason);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Placement}")]
    private partial void Opened(SessionPlacement placement);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{File} runs on a slow int8 kernel ({Kernel}). {Advice}")]
    private partial void SlowKernel(string file, string kernel, string advice);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Model:Target is 'auto', which uses the CPU: {Reason}")]
    private partial void FellBackToCpu(string reason);
}
