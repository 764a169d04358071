namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Where one session really runs, read back from ONNX Runtime after it was opened.</summary>
/// <param name="File">The graph: <c>decoder.onnx</c>.</param>
/// <param name="Wanted">What was asked for.</param>
/// <param name="Nodes">Nodes of the graph by the execution provider that took them, most first.</param>
/// <param name="OnCpu">Operators that the processor took although a GPU was asked for, with how often; empty where the
/// processor was asked for.</param>
/// <param name="Reason">Why <c>auto</c> took the processor; null otherwise.</param>
public sealed record SessionPlacement(
    string File,
    ExecutionTarget Wanted,
    IReadOnlyDictionary<string, int> Nodes,
    IReadOnlyDictionary<string, int> OnCpu,
    string? Reason)
{
    /// <summary>ONNX Runtime's name of its own kernels.</summary>
    public const string CpuProvider = "CPUExecutionProvider";

    /// <summary>The provider that has the work: the one that is not the processor where there is one.</summary>
    public string Provider => Nodes.Keys.FirstOrDefault(name => name != CpuProvider) ?? CpuProvider;

    /// <summary>Where it runs, in the words of a configuration: <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>.</summary>
    public string RunsOn => Provider == CpuProvider ? "cpu" : ExecutionTarget.Cuda(Wanted.Device).ToString();

    /// <summary>Of the graph.</summary>
    public int NodeCount => Nodes.Values.Sum();

    /// <summary>For people: "decoder.onnx runs on CUDAExecutionProvider (311 nodes; 3 on the processor: 1 Cast, 2 Slice)".</summary>
    public override string ToString()
    {
        var apart = OnCpu.Count == 0 || Provider == CpuProvider
            ? ""
            : $"; {OnCpu.Values.Sum()} on the processor: {string.Join(", ", OnCpu.Select(o => $"{o.Value} {o.Key}"))}";
        return $"{File} runs on {Provider} ({NodeCount} nodes{apart})";
    }
}
