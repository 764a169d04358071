using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Returns freed native memory to the system at intervals. The C library has a heap for every few threads and keeps what
/// was freed in it. Frames and messages are processed by any free thread, so over hours each of these heaps would grow to the
/// most memory that it ever held.</summary>
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

    [LoggerMessage(Level = LogLevel.Debug, Message = "Freed memory is no longer returned to the system because the service stops.")]
    private partial void LogEnded();
}
