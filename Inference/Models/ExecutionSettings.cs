namespace MobileVlm.Edge.Inference.Models;

/// <summary>How sessions are opened.</summary>
/// <param name="Threads">Threads that compute one call; 0 takes one a physical core, as far as the system tells.</param>
public sealed record ExecutionSettings(int Threads = 0)
{
    /// <summary>Whether a second set of a decoder's weights is opened where a model has one. It takes as much memory as
    /// the decoder has weights.</summary>
    public bool UsePrefill { get; init; } = true;

    /// <summary>Tokens that go through at once from which that second set is used.</summary>
    public int PrefillFrom { get; init; } = 4;

    private static readonly Lazy<int> Cores = new(CountPhysicalCores);

    /// <summary>Threads that will be used.</summary>
    public int EffectiveThreads => Threads > 0 ? Threads : Math.Min(Cores.Value, Environment.ProcessorCount);

    /// <summary>Two threads of one core share its arithmetic units, so a second one only adds waiting.</summary>
    private static int CountPhysicalCores()
    {
        const string Folder = "/sys/devices/system/cpu";
        try
        {
            var cores = Directory.Exists(Folder)
                ? Directory.EnumerateDirectories(Folder, "cpu*")
                    .Select(cpu => Path.Combine(cpu, "topology"))
                    .Where(Directory.Exists)
                    .Select(topology => (
                        File.ReadAllText(Path.Combine(topology, "physical_package_id")),
                        File.ReadAllText(Path.Combine(topology, "core_id"))))
                    .Distinct()
                    .Count()
                : 0;
            return cores > 0 ? cores : Environment.ProcessorCount;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Hidden in some containers; the number of processors is the next best answer.
            return Environment.ProcessorCount;
        }
    }
}
