using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>What this box's processor can do.</summary>
internal static class ProcessorFeatures
{
    private static readonly Lazy<bool> DotProducts = new(() => HasDotProducts(ReadFlags()));

    /// <summary>Whether it adds four 8-bit products at once into 32 bits. Without, ONNX Runtime's integer products of two
    /// full 8-bit numbers overflow in between, or take a third longer to avoid it.</summary>
    public static bool HasInt8DotProducts => DotProducts.Value;

    /// <param name="flags">As the kernel lists them for one processor.</param>
    internal static bool HasDotProducts(string flags) =>
        flags.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(flag => flag is "avx512_vnni" or "avx_vnni" or "asimddp");

    private static string ReadFlags()
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal))
                ?.Split(':', 2)[^1] ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or hidden: 64-bit ARM boxes of the last years have them, for others the safe way is right.
            return RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "asimddp" : "";
        }
    }
}
