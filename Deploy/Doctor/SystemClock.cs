using System.Globalization;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks whether the system clock is plausible and synchronized: events, schedules and certificates depend on
/// it.</summary>
internal static class SystemClock
{
    private const int TimeError = 5;

    /// <summary>Larger than <c>struct timex</c> of any Linux.</summary>
    private const int TimexBytes = 512;

    public static Finding Check(DateTimeOffset now, TimeZoneInfo zone) => Describe(now, zone, IsSynchronized());

    /// <param name="now">The clock's time.</param>
    /// <param name="zone">The machine's time zone.</param>
    /// <param name="synchronized">As the kernel reports it; null where it does not.</param>
    internal static Finding Describe(DateTimeOffset now, TimeZoneInfo zone, bool? synchronized)
    {
        var local = string.Create(
            CultureInfo.InvariantCulture, $"{TimeZoneInfo.ConvertTime(now, zone):yyyy-MM-dd HH:mm:ss zzz} ({zone.Id})");
        return !PlausibleTime.Includes(now)
            ? Finding.Bad("clock", $"{local}, which is in the past: it was not set", "Set it: timedatectl set-ntp true, or date --set. Until then messages carry no times, questions with a Schedule are not asked, and TLS certificates are refused.")
            : synchronized switch
            {
                true => Finding.Fine("clock", $"{local}, synchronized"),
                false => Finding.Note("clock", $"{local}, not synchronized with any time server", "timedatectl set-ntp true (systemd-timesyncd or chrony); without it, times of events drift."),
                null => Finding.Fine("clock", $"{local}; whether it is synchronized cannot be read here"),
            };
    }

    private static bool? IsSynchronized()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // With no mode set, it only reads.
        var state = AdjustTime(new byte[TimexBytes]);
        return state < 0 ? null : state != TimeError;
    }

    [DllImport("libc", EntryPoint = "adjtimex")]
    private static extern int AdjustTime(byte[] timex);
}
