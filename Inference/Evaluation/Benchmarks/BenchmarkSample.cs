using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>Random samples of a benchmark's items: the same for the same seed on every machine, and a larger sample contains a smaller
/// one of the same seed.</summary>
public static class BenchmarkSample
{
    /// <summary>Takes a sample.</summary>
    /// <param name="items">All items.</param>
    /// <param name="limit">Largest number of items. Groups (<see cref="BenchmarkItem.Group"/>) are taken whole, at least one.</param>
    /// <param name="seed">Chooses the sample.</param>
    /// <returns>In the order of the items.</returns>
    public static IReadOnlyList<BenchmarkItem> Take(IReadOnlyList<BenchmarkItem> items, int limit, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var count = 0;
        foreach (var (name, size) in items.CountBy(item => item.Group).OrderBy(group => Order(group.Key, seed)))
        {
            if (taken.Count > 0 && count + size > limit)
            {
                break;
            }

            taken.Add(name);
            count += size;
        }

        return [.. items.Where(item => taken.Contains(item.Group))];
    }

    private static ulong Order(string group, int seed) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{group}")));
}
