using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks whether a model fits into the memory of the machine.</summary>
internal static class MemoryChecks
{
    /// <summary>Checks whether a model's files fit into memory, before they are opened.</summary>
    /// <returns>Null when they fit.</returns>
    public static Finding? CheckSize(this MachineMemory memory, long modelBytes) =>
        modelBytes > memory.Total
            ? Finding.Bad("memory", $"the model's files hold {MachineMemory.Gigabytes(modelBytes)}, the machine has {MachineMemory.Gigabytes(memory.Total)}: it cannot be opened", "Import it with --lean, or take a smaller model.")
        : modelBytes > memory.Available
            ? Finding.Note("memory", $"the model's files hold {MachineMemory.Gigabytes(modelBytes)}, and only {MachineMemory.Gigabytes(memory.Available)} of {MachineMemory.Gigabytes(memory.Total)} are available now", "If the service runs already, that is why, and the model was not opened a second time. If not, end other programs.")
        : null;

    /// <summary>Checks the memory that opening the model and answering once took.</summary>
    public static Finding CheckModel(this MachineMemory memory, long peakBytes)
    {
        var text = $"{MachineMemory.Gigabytes(peakBytes)} with the model open, of {MachineMemory.Gigabytes(memory.Total)}";
        return peakBytes > memory.Total * 0.85
            ? Finding.Note("memory for the model", text, "Little is left for the rest of the machine: import a smaller precision, or lower Model:ContextTokens.")
            : Finding.Fine("memory for the model", text);
    }
}
