using System.Globalization;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Kind of device that computes.</summary>
public enum TargetKind
{
    Cpu,

    /// <summary>An NVIDIA GPU; without one the session does not open.</summary>
    Cuda,

    /// <summary>An NVIDIA GPU, or the CPU where there is none.</summary>
    Auto,
}

/// <summary>The device that a model is requested to run on: <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>, <c>auto</c>. Where it really
/// runs is read back from each session (<see cref="SessionPlacement"/>).</summary>
public readonly record struct ExecutionTarget
{
    /// <summary>Upper bound of GPU numbers: more than any device of this kind has.</summary>
    private const int LargestDevice = 63;

    private const string CudaPrefix = "cuda:";

    private ExecutionTarget(TargetKind kind, int device) => (Kind, Device) = (kind, device);

    public static ExecutionTarget Cpu { get; }

    public static ExecutionTarget Auto { get; } = new(TargetKind.Auto, 0);

    /// <summary>The texts that <see cref="TryParse"/> accepts, for people.</summary>
    public static string Grammar => "cpu, cuda, cuda:N (the GPU number N, from 0) or auto";

    public TargetKind Kind { get; }

    /// <summary>Number of the GPU, from 0.</summary>
    public int Device { get; }

    public static ExecutionTarget Cuda(int device = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(device, LargestDevice);
        return new(TargetKind.Cuda, device);
    }

    /// <param name="text">See <see cref="Grammar"/>, in any case.</param>
    /// <param name="target"><see cref="Cpu"/> when the text is not a target.</param>
    public static bool TryParse(string text, out ExecutionTarget target)
    {
        target = Cpu;
        switch (text.ToLowerInvariant())
        {
            case "cpu":
                return true;
            case "auto":
                target = Auto;
                return true;
            case "cuda":
                target = Cuda();
                return true;
            default:
                if (text.StartsWith(CudaPrefix, StringComparison.OrdinalIgnoreCase)
                    && int.TryParse(text.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var device)
                    && device <= LargestDevice)
                {
                    target = Cuda(device);
                    return true;
                }

                return false;
        }
    }

    public override string ToString() => Kind switch
    {
        TargetKind.Cpu => "cpu",
        TargetKind.Auto => "auto",
        _ => Device == 0 ? "cuda" : string.Create(CultureInfo.InvariantCulture, $"{CudaPrefix}{Device}"),
    };
}
