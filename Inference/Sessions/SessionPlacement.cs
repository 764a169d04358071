using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>The device on which one session runs, read back from ONNX Runtime after it was opened.</summary>
/// <param name="File">The graph: <c>decoder.onnx</c>.</param>
/// <param name="Requested">The target that was requested.</param>
/// <param name="NodesByProvider">Nodes of the graph by the execution provider that took them, most first.</param>
/// <param name="CpuNodesByOperator">Operators that run on the CPU although a GPU was requested, with the number of nodes of each; empty where the CPU
/// was requested.</param>
/// <param name="Reason">Why <c>auto</c> chose the CPU; null otherwise.</param>
public sealed record SessionPlacement(
    string File,
    ExecutionTarget Requested,
    IReadOnlyDictionary<string, int> NodesByProvider,
    IReadOnlyDictionary<string, int> CpuNodesByOperator,
    string? Reason)
{
    /// <summary>ONNX Runtime's name for its own CPU kernels.</summary>
    public const string CpuProvider = "CPUExecutionProvider";

    /// <summary>The kernel that multiplies the graph's 8-bit rows on a processor; null where it has none, or runs elsewhere.</summary>
    public Int8Kernel? Kernel { get; init; }

    /// <summary>The provider that does the main work: the one that is not the CPU's where there is one.</summary>
    public string Provider => NodesByProvider.Keys.FirstOrDefault(name => name != CpuProvider) ?? CpuProvider;

    /// <summary>The device as it is named in a configuration: <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>.</summary>
    public string RunsOn => Provider == CpuProvider ? "cpu" : ExecutionTarget.Cuda(Requested.Device).ToString();

    /// <summary>Number of nodes of the graph.</summary>
    public int NodeCount => NodesByProvider.Values.Sum();

    /// <summary>A line for a log or the console: "decoder.onnx runs on CUDAExecutionProvider (311 nodes; 3 on the processor: 1 Cast, 2 Slice)".</summary>
    public override string ToString()
    {
        var onCpu = CpuNodesByOperator.Count == 0 || Provider == CpuProvider
            ? ""
            : $"; {CpuNodesByOperator.Values.Sum()} on the processor: {string.Join(", ", CpuNodesByOperator.Select(o => $"{o.Value} {o.Key}"))}";
        return $"{File} runs on {Provider} ({NodeCount} nodes{onCpu}{(Kernel is { } kernel ? $"; int8: {kernel.Name}" : "")})";
    }
}
