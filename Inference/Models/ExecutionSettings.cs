namespace MobileVlm.Edge.Inference.Models;

/// <summary>How sessions are opened.</summary>
/// <param name="Threads">Threads that compute one call; 0 takes one a physical core, as far as the system tells.</param>
public sealed record ExecutionSettings(int Threads = 0)
{
    /// <summary>Threads that will be used.</summary>
    public int EffectiveThreads => Threads > 0 ? Threads : Environment.ProcessorCount;
}
