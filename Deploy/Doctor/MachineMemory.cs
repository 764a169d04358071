using System.Globalization;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Memory of the machine, or of the container that this runs in, in bytes.</summary>
/// <param name="Total">All of it.</param>
/// <param name="Available">What can be allocated without swapping; the total where the kernel does not report it.</param>
internal sealed record MachineMemory(long Total, long Available)
{
    public static MachineMemory Read()
    {
        // The runtime knows the limit of a container, /proc/meminfo does not.
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        const string Info = "/proc/meminfo";
        var available = File.Exists(Info)
            ? File.ReadLines(Info).FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                ?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]
            : null;
        return new MachineMemory(
            total, available is null ? total : Math.Min(total, 1024 * long.Parse(available, CultureInfo.InvariantCulture)));
    }

    /// <summary>Checks whether a model's files fit into memory, before they are opened.</summary>
    /// <returns>Null when they fit.</returns>
    public Finding? CheckSize(long modelBytes) =>
        modelBytes > Total
            ? Finding.Bad("memory", $"the model's files hold {Gigabytes(modelBytes)}, the machine has {Gigabytes(Total)}: it cannot be opened", "Import it with --lean, or take a smaller model.")
        : modelBytes > Available
            ? Finding.Note("memory", $"the model's files hold {Gigabytes(modelBytes)}, and only {Gigabytes(Available)} of {Gigabytes(Total)} are available now", "If the service runs already, that is why, and the model was not opened a second time. If not, end other programs.")
        : null;

    /// <summary>Checks the memory that opening the model and answering once took.</summary>
    public Finding CheckModel(long peakBytes)
    {
        var text = $"{Gigabytes(peakBytes)} with the model open, of {Gigabytes(Total)}";
        return peakBytes > Total * 0.85
            ? Finding.Note("memory for the model", text, "Little is left for the rest of the machine: import a smaller precision, or lower Model:ContextTokens.")
            : Finding.Fine("memory for the model", text);
    }

    public override string ToString() => $"{Gigabytes(Total)}, {Gigabytes(Available)} available";

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0 'GB'", CultureInfo.InvariantCulture);
}
