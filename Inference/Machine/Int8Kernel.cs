using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>The kernel with which ONNX Runtime's CPU provider multiplies the 8-bit rows of a graph on a processor.</summary>
/// <param name="Name">For people and programs: <c>u8 x s8, AVX-512 VNNI</c>.</param>
/// <param name="Advice">Why it is a slow one and what to do; null where it is the fastest that the processor has.</param>
/// <param name="NeedsExactProducts">Whether ONNX Runtime must be told to avoid the fastest kernel, whose 16-bit intermediate sums
/// would overflow (<c>session.x64quantprecision</c>).</param>
/// <remarks>As ONNX Runtime 1.31 chooses (<c>onnxruntime/core/mlas/lib/platform.cpp</c>): by the signs of both sides and the
/// processor's instructions.</remarks>
public sealed record Int8Kernel(string Name, string? Advice = null, bool NeedsExactProducts = false)
{
    private const string ImportAgain = "Importing the model again on this machine makes it about twice as fast.";

    /// <summary>The kernel of a graph on this machine, see <see cref="Of(string?, ProcessorFeatures, Architecture)"/>.</summary>
    public static Int8Kernel? OnThisMachine(string? precision) => Of(precision, ProcessorFeatures.ThisMachine, RuntimeInformation.ProcessArchitecture);

    /// <summary>The kernel of a graph.</summary>
    /// <param name="precision">Precision of its matrices as in the manifest: <c>w8a8s</c>, <c>w8a8</c> (release 0.1.0) …</param>
    /// <param name="processor">The processor.</param>
    /// <param name="architecture">Its architecture.</param>
    /// <returns>Null where the graph has no 8-bit rows.</returns>
    public static Int8Kernel? Of(string? precision, ProcessorFeatures processor, Architecture architecture) =>
        precision?.Split('-')[0] switch
        {
            "w8a8s" => Signed(processor, architecture, overflows: true),
            "w8a7" => Signed(processor, architecture, overflows: false),
            "w8a8u" or "w8a8" => Unsigned(processor, architecture),
            _ => null,
        };

    private static Int8Kernel Signed(ProcessorFeatures processor, Architecture architecture, bool overflows)
    {
        if (architecture != Architecture.X64)
        {
            return Arm(processor, "u8 x s8");
        }

        if (FastInstructions(processor) is { } instructions)
        {
            return new Int8Kernel($"u8 x s8, {instructions}");
        }

        return overflows
            ? new Int8Kernel(
                "u8 x u8, 16-bit products", "This processor has no int8 dot products, and 8-bit activations overflow without them. "
                + "Importing the model again on this machine takes activations of 7 bit, which are faster here.", NeedsExactProducts: true)
            : new Int8Kernel($"u7 x s8, {(processor.HasAvx2 ? "AVX2" : "SSE")}");
    }

    private static Int8Kernel Unsigned(ProcessorFeatures processor, Architecture architecture) =>
        architecture != Architecture.X64 ? Arm(processor, "u8 x u8")
        : processor.HasAvxVnniInt8 ? new Int8Kernel("u8 x u8, AVX-VNNI-INT8")
        : new Int8Kernel("u8 x u8, 16-bit products", ImportAgain);

    private static string? FastInstructions(ProcessorFeatures processor) =>
        processor.HasAmxInt8 ? "AMX" : processor.HasAvx512Vnni ? "AVX-512 VNNI" : processor.HasAvxVnni ? "AVX-VNNI" : null;

    private static Int8Kernel Arm(ProcessorFeatures processor, string signs) =>
        new($"{signs}, {(processor.HasArmMatrixProducts ? "i8mm" : processor.HasArmDotProducts ? "dot products" : "NEON")}");
}
