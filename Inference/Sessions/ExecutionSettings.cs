using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Settings for opening sessions.</summary>
/// <param name="Threads">Threads that compute one call; 0 takes one per processor of <see cref="Processors"/> where those are
/// given, otherwise one per big core, as far as the system reports them.</param>
public sealed record ExecutionSettings(int Threads = 0)
{
    /// <summary>Processors that the threads, including the calling one, are bound to; none leaves it to the system. Null
    /// binds them to the big cores of a processor that also has little ones.</summary>
    public IReadOnlyList<int>? Processors { get; init; }

    /// <summary>Whether the prefill weights are opened where a model has them. They take as much memory as the decoder has
    /// weights.</summary>
    public bool UsePrefill { get; init; } = true;

    /// <summary>Smallest number of tokens per pass for which the prefill weights are used; null takes what was measured on
    /// this machine (<see cref="MachineTuning"/>), otherwise <see cref="DefaultMinPrefillTokens"/>.</summary>
    public int? MinPrefillTokens { get; init; }

    /// <summary>The device on which sessions run.</summary>
    public ExecutionTarget Target { get; init; }

    /// <summary>A library that ONNX Runtime loads for <see cref="TargetKind.Cuda"/>; null takes what is built into it.</summary>
    public string? ProviderLibrary { get; init; }

    /// <summary>Whether arm64 processors use Arm's KleidiAI kernels, which quantize activations of int4 products per
    /// row where ONNX Runtime's own do so per block. Has no effect elsewhere.</summary>
    public bool UseKleidiAi { get; init; } = true;

    /// <summary>Receives where each session runs once it is open, on the thread that opened it.</summary>
    public Action<SessionPlacement>? OnSessionOpened { get; init; }

    /// <summary>Default least number of tokens for the prefill weights. With fewer, reading twice the bytes costs more than the faster
    /// products save, on the machine where this was measured.</summary>
    internal const int DefaultMinPrefillTokens = 4;

    /// <summary>Treats the CPU as a device with its own memory, so that this path can be tested where there is no other
    /// device.</summary>
    internal bool TreatsCpuAsDevice { get; init; }

    /// <summary>The processors to choose from; those of this machine except in tests.</summary>
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
