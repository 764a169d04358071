using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>How sessions are opened.</summary>
/// <param name="Threads">Threads that compute one call; 0 takes one a processor of <see cref="Processors"/> where those are
/// given, else one a big core, as far as the system tells.</param>
public sealed record ExecutionSettings(int Threads = 0)
{
    /// <summary>Processors that the threads are bound to, the calling one too; none leaves it to the system. Null binds
    /// them to the big cores of a processor that has little ones as well.</summary>
    public IReadOnlyList<int>? Processors { get; init; }

    /// <summary>Whether a second set of a decoder's weights is opened where a model has one. It takes as much memory as
    /// the decoder has weights.</summary>
    public bool UsePrefill { get; init; } = true;

    /// <summary>Tokens that go through at once from which that second set is used; null as measured on this box
    /// (<see cref="MachineTuning"/>), and <see cref="UsualPrefillFrom"/> where nothing was.</summary>
    public int? PrefillFrom { get; init; }

    /// <summary>Where sessions run.</summary>
    public ExecutionTarget Target { get; init; }

    /// <summary>A library that ONNX Runtime loads for <see cref="TargetKind.Cuda"/>; null takes what is built into it.</summary>
    public string? ProviderLibrary { get; init; }

    /// <summary>Whether arm64 processors use Arm's KleidiAI kernels, which round activations of int4 products by the row
    /// where ONNX Runtime's own round them by the block. Of no account elsewhere.</summary>
    public bool UseKleidiAi { get; init; } = true;

    /// <summary>Told where each session runs once it is open, on the thread that opened it; null tells nobody.</summary>
    public Action<SessionPlacement>? Opened { get; init; }

    /// <summary>Below, reading twice the bytes costs more than the quicker products save, on the box where this was
    /// measured.</summary>
    internal const int UsualPrefillFrom = 4;

    /// <summary>Treats the processor as a device with memory of its own, so that this way is tested where there is no
    /// other.</summary>
    internal bool KeepsStateOnDevice { get; init; }

    /// <summary>What is chosen from; the box itself unless a test says otherwise.</summary>
    internal CpuTopology Topology { get; init; } = CpuTopology.ThisMachine;

    /// <summary>Threads that will be used.</summary>
    public int EffectiveThreads =>
        Threads > 0 ? Threads
        : Processors is { Count: > 0 } ? Processors.Count
        : Math.Min(Topology.BigCores.Count, Environment.ProcessorCount);

    /// <summary>Processors that the threads will be bound to; none when the system may move them.</summary>
    public IReadOnlyList<int> EffectiveProcessors =>
        Processors
        ?? (Topology.IsMixed && EffectiveThreads <= Topology.BigCores.Count
            ? [.. Topology.BigCores.Take(EffectiveThreads)]
            : []);
}
