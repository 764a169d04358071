using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Ends the process if its stop exceeds a time limit. A thread that hangs in native code or in the kernel must not keep a
/// stopped service alive, because the process would still hold its folder, its ports and its cameras.</summary>
internal sealed partial class ExitGuard(TimeSpan limit, ILogger<ExitGuard> logger)
{
    /// <summary>The time that the host itself may need in addition to <c>Pipeline:StopWithin</c>.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    // The console logger writes on its own thread.
    private static readonly TimeSpan LogTime = TimeSpan.FromMilliseconds(500);

    private int _armed;

    /// <summary>Starts the clock. Returns at once; later calls do nothing.</summary>
    /// <param name="exitCode">Returns the exit code to use if the process has to be ended.</param>
    public void Arm(Func<int> exitCode)
    {
        if (Interlocked.Exchange(ref _armed, 1) == 0)
        {
            // It needs its own thread, because a hanging thread pool is one of the reasons for this guard.
            new Thread(() => EndLater(exitCode)) { Name = "mvlm-exit", IsBackground = true }.Start();
        }
    }

    /// <summary>Ends the process without running the exit handlers of libraries, because they would wait for their threads, one of
    /// which hangs.</summary>
    public static void EndNow(int exitCode)
    {
        if (OperatingSystem.IsWindows())
        {
            Environment.Exit(exitCode);
        }

        ExitWithoutHandlers(exitCode);
    }

    private void EndLater(Func<int> exitCode)
    {
        Thread.Sleep(limit);
        LogTooLate(limit.TotalSeconds);
        Thread.Sleep(LogTime);
        EndNow(exitCode());
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitWithoutHandlers(int status);

    [LoggerMessage(EventId = 11, Level = LogLevel.Critical, Message =
        "The stop did not end within {Seconds:0.#} s (Pipeline:StopWithin plus a margin). The process ends now. Waiting events are in the outbox and are sent after the next start.")]
    private partial void LogTooLate(double seconds);
}
