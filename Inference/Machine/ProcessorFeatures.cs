using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>What this box's processor can do.</summary>
internal static class ProcessorFeatures
{
    private static readonly Lazy<bool> DotProducts = new(() => HasDotProducts(ReadFlags()));
    private static readonly Lazy<string> Model = new(() => Field("model name") ?? Field("CPU part") ?? RuntimeInformation.ProcessArchitecture.ToString());

    /// <summary>As it calls itself.</summary>
    public static string Name => Model.Value;

    /// <summary>Whether it adds four 8-bit products at once into 32 bits. Without, ONNX Runtime's integer products of two
    /// full 8-bit numbers overflow in between, or take a third longer to avoid it.</summary>
    public static bool HasInt8DotProducts => DotProducts.Value;

    /// <param name="flags">As the kernel lists them for one processor.</param>
    internal static bool HasDotProducts(string flags) =>
        flags.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(flag => flag is "avx512_vnni" or "avx_vnni" or "asimddp");

    // Not Linux, or hidden: 64-bit ARM boxes of the last years have them, for others the safe way is right.
    private static string ReadFlags() =>
        Field("flags") ?? Field("Features") ?? (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "asimddp" : "");

    private static string? Field(string name)
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
