using System.Globalization;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Decoding;

namespace MobileVlm.Edge.Inference.Tests.Decoding;

public sealed class ZeroedMemoryTests
{
    private const long MiB = 1 << 20;

    [LinuxFact]
    public unsafe void It_reads_as_zeros_and_costs_only_what_is_written()
    {
        var before = OwnMemory();
        using var memory = new ZeroedMemory(1024 * MiB);
        Assert.Equal(0, memory.Address % Environment.SystemPageSize);
        for (var at = 0L; at < 1024 * MiB; at += 8 * MiB)
        {
            var page = new Span<byte>((void*)(memory.Address + at), Environment.SystemPageSize);
            Assert.Equal(-1, page.IndexOfAnyExcept((byte)0));
            page.Fill(1);
        }

        // Other tests run meanwhile and take some; huge pages would take 256 MiB, all of it 1024.
        Assert.InRange(OwnMemory() - before, long.MinValue, 200 * MiB);
        memory.Dispose();
    }

    private static long OwnMemory() => 1024 * long.Parse(
        Regex.Match(File.ReadAllText("/proc/self/status"), @"RssAnon:\s*(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
}
