using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Gives freed native memory back from time to time. The C library keeps a heap for every few threads and what was
/// freed in each of them; pictures and messages are worked on by whichever thread is free, so over hours each of those
/// heaps grows to the most that it ever held at once.</summary>
internal sealed partial class MemoryTrim(TimeSpan every, ILogger<MemoryTrim> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                NativeHeap.Trim();
            }
        }
        catch (OperationCanceledException)
        {
            LogEnded();
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Freed memory is not given back any more while the service stops.")]
    private partial void LogEnded();
}
