using System.Globalization;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Gives one process its own wall clock, through Debian's libfaketime. The monotonic clock stays real.</summary>
internal static class FakeClock
{
    /// <summary>The environment of a process whose clock starts at this moment and then runs.</summary>
    /// <exception cref="InvalidOperationException">libfaketime is not installed.</exception>
    public static Dictionary<string, string> At(DateTimeOffset moment) => With(
        "FAKETIME", "@" + moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));

    /// <summary>The environment of a process whose clock is set by <see cref="Set"/> while it runs.</summary>
    /// <param name="file">The file with the setting; it need not exist yet.</param>
    /// <param name="offset">The offset from the real time, as in <see cref="Set"/>.</param>
    public static Dictionary<string, string> ReadFrom(string file, TimeSpan offset)
    {
        Set(file, offset);
        var environment = With("FAKETIME_TIMESTAMP_FILE", file);
        environment["FAKETIME_NO_CACHE"] = "1";
        return environment;
    }

    /// <summary>Sets the clock of a process that reads this file.</summary>
    public static void Set(string file, TimeSpan offset)
    {
        // The file is written in one step, because the process may read it at any moment.
        var draft = file + ".new";
        File.WriteAllText(draft, string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0;+0}"));
        File.Move(draft, file, overwrite: true);
    }

    private static Dictionary<string, string> With(string name, string value)
    {
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";
        var library = $"/usr/lib/{architecture}-linux-gnu/faketime/libfaketimeMT.so.1";
        return File.Exists(library)
            ? new Dictionary<string, string>
            {
                ["LD_PRELOAD"] = library,
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",

                // Otherwise waits on the monotonic clock end at once, or after decades.
                ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
                ["TZ"] = "UTC",
                [name] = value,
            }
            : throw new InvalidOperationException($"{library} is missing; these tests need it: apt-get install faketime");
    }
}
