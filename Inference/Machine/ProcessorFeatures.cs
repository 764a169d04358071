using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>A processor's name and instruction sets, from <c>/proc/cpuinfo</c>.</summary>
/// <param name="Name">The model's name; on Arm, where there is none, the number of its part.</param>
/// <param name="Description">As <paramref name="Name"/>, on Arm with the implementer's number; <c>unknown</c> where the
/// system does not report it.</param>
/// <param name="Instructions">Of those that matter for matrix products, as the kernel spells them: <c>avx2</c>,
/// <c>asimddp</c>.</param>
public sealed record ProcessorFeatures(string Name, string Description, IReadOnlyList<string> Instructions)
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string ArmDotProduct = "asimddp";

    private static readonly string[] KnownInstructions =
        ["avx2", "avx_vnni", "avx_vnni_int8", "avx512f", "avx512_vnni", "amx_int8", ArmDotProduct, "i8mm", "bf16", "sve", "sve2", "sme"];

    private static readonly Lazy<ProcessorFeatures> Current = new(() => Parse(ReadCpuInfo(), RuntimeInformation.ProcessArchitecture));

    /// <summary>The processor that this program runs on, read once.</summary>
    public static ProcessorFeatures ThisMachine => Current.Value;

    /// <summary>Whether it adds four 8-bit products at once into 32 bits. Without, ONNX Runtime's integer products of two
    /// full 8-bit numbers overflow in between, or take a third longer to avoid it.</summary>
    public bool HasInt8DotProducts => Has("avx512_vnni") || Has("avx_vnni") || Has(ArmDotProduct);

    /// <summary>64-bit Arm: whether it has dot product instructions. Also true where the system hides what it has.</summary>
    public bool HasArmDotProducts => Has(ArmDotProduct);

    /// <summary>x64: whether it has AVX2.</summary>
    public bool HasAvx2 => Has("avx2");

    /// <summary>x64: whether it has the foundation of AVX-512.</summary>
    public bool HasAvx512 => Has("avx512f");

    /// <summary>x64: whether it has AVX-VNNI.</summary>
    public bool HasAvxVnni => Has("avx_vnni");

    /// <summary>x64: whether it has dot products of two unsigned or two signed bytes.</summary>
    public bool HasAvxVnniInt8 => Has("avx_vnni_int8");

    /// <summary>x64: whether it has AVX-512's dot products of unsigned by signed bytes.</summary>
    public bool HasAvx512Vnni => Has("avx512_vnni");

    /// <summary>x64: whether it has tiles of bytes (AMX).</summary>
    public bool HasAmxInt8 => Has("amx_int8");

    /// <summary>64-bit Arm: whether it has products of small int8 matrices.</summary>
    public bool HasArmMatrixProducts => Has("i8mm");

    /// <param name="cpuInfo">Lines of <c>/proc/cpuinfo</c>; none where it cannot be read.</param>
    /// <param name="architecture">Decides what is assumed where nothing can be read.</param>
    internal static ProcessorFeatures Parse(IEnumerable<string> cpuInfo, Architecture architecture)
    {
        // The first processor that has the field: a mixed one lists the common instructions for each.
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parts in cpuInfo.Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).Where(parts => parts.Length == 2))
        {
            fields.TryAdd(parts[0], parts[1]);
        }

        var (model, part) = (fields.GetValueOrDefault("model name"), fields.GetValueOrDefault("CPU part"));

        // Not Linux, or hidden: 64-bit Arm processors of the last years have dot products, for others the safe way is right.
        var flags = fields.GetValueOrDefault("flags") ?? fields.GetValueOrDefault("Features")
            ?? (architecture == Architecture.Arm64 ? ArmDotProduct : "");
        return new ProcessorFeatures(
            model ?? part ?? architecture.ToString(),
            model ?? (part is null ? "unknown" : $"Arm implementer {fields.GetValueOrDefault("CPU implementer")} part {part}"),
            [.. KnownInstructions.Intersect(flags.Split(' '))]);
    }

    private bool Has(string instruction) => Instructions.Contains(instruction);

    private static string[] ReadCpuInfo()
    {
        try
        {
            return File.Exists(CpuInfo) ? File.ReadAllLines(CpuInfo) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Hidden in some containers.
            return [];
        }
    }
}
