using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class MemoryTrimTests
{
    private const int BlockBytes = 64 * 1024;
    private const int Blocks = 500;

    [Fact]
    public async Task Freed_memory_is_returned_to_the_system_although_memory_above_it_is_in_use()
    {
        var blocks = Enumerable.Range(0, Blocks).Select(_ => Allocate()).ToArray();
        var above = Allocate();
        using var trim = new MemoryTrim(TimeSpan.FromMilliseconds(50), NullLogger<MemoryTrim>.Instance);
        try
        {
            foreach (var block in blocks)
            {
                Free(block);
            }

            // The C library keeps freed memory for later allocations.
            Assert.InRange(InMemory(blocks), Blocks / 2, Blocks);

            await trim.StartAsync(CancellationToken.None);
            for (var waited = Stopwatch.StartNew(); InMemory(blocks) > Blocks / 10 && waited.Elapsed < TimeSpan.FromSeconds(20);)
            {
                await Task.Delay(20);
            }

            // Another test may have allocated some of it meanwhile.
            Assert.InRange(InMemory(blocks), 0, Blocks / 10);
        }
        finally
        {
            Free(above);
            await trim.StopAsync(CancellationToken.None);
        }
    }

    private static unsafe nint Allocate()
    {
        var block = NativeMemory.Alloc(BlockBytes);
        NativeMemory.Fill(block, BlockBytes, 1);
        return (nint)block;
    }

    private static unsafe void Free(nint block) => NativeMemory.Free((void*)block);

    /// <summary>Counts the blocks whose middle page is in memory: /proc/self/pagemap has 64 bits for each page, and the highest one
    /// is set if the page is in memory.</summary>
    private static int InMemory(IEnumerable<nint> blocks)
    {
        using var pages = File.OpenHandle("/proc/self/pagemap");
        Span<byte> entry = stackalloc byte[8];
        var count = 0;
        foreach (var block in blocks)
        {
            RandomAccess.Read(pages, entry, (block + (BlockBytes / 2)) / Environment.SystemPageSize * 8);
            count += entry[7] >> 7;
        }

        return count;
    }
}
