using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf.Blocks;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>A type of tensors in GGUF files: floats, or blocks of integers with their scales.</summary>
/// <remarks>A closed set: <see cref="All"/> is the only list.</remarks>
/// <param name="Id">Number in the file.</param>
/// <param name="Name">As llama.cpp writes it.</param>
/// <param name="Floats">The element type where it is one; <see cref="ElementType.Other"/> for blocks.</param>
/// <param name="Blocks">The layout where it has blocks.</param>
internal sealed record GgufTensorType(uint Id, string Name, ElementType Floats, BlockType? Blocks = null)
{
    public static IReadOnlyList<GgufTensorType> All { get; } =
    [
        new(0, "F32", ElementType.Float32),
        new(1, "F16", ElementType.Float16),
        new(30, "BF16", ElementType.BFloat16),
        Of(2, new Q40Block()),
        Of(3, new Q41Block()),
        Of(6, new Q50Block()),
        Of(7, new Q51Block()),
        Of(8, new Q80Block()),
        Of(10, new Q2KBlock()),
        Of(11, new Q3KBlock()),
        Of(12, new Q4KBlock()),
        Of(13, new Q5KBlock()),
        Of(14, new Q6KBlock()),
        Of(15, new Q8KBlock()),
        Of(20, new Iq4NlBlock()),
        Of(23, new Iq4XsBlock()),
    ];

    /// <summary>Types that are known and not read, with the reason.</summary>
    private static readonly Dictionary<uint, string> Refused = new()
    {
        [4] = Removed("Q4_2"),
        [5] = Removed("Q4_3"),
        [9] = "Q8_1 is for activations and not for files",
        [16] = NotSupported("IQ2_XXS"),
        [17] = NotSupported("IQ2_XS"),
        [18] = NotSupported("IQ3_XXS"),
        [19] = NotSupported("IQ1_S"),
        [21] = NotSupported("IQ3_S"),
        [22] = NotSupported("IQ2_S"),
        [29] = NotSupported("IQ1_M"),
        [24] = NoWeights("I8"),
        [25] = NoWeights("I16"),
        [26] = NoWeights("I32"),
        [27] = NoWeights("I64"),
        [28] = NoWeights("F64"),
        [31] = Removed("Q4_0_4_4"),
        [32] = Removed("Q4_0_4_8"),
        [33] = Removed("Q4_0_8_8"),
        [34] = NotSupported("TQ1_0"),
        [35] = NotSupported("TQ2_0"),
        [36] = Removed("IQ4_NL_4_4"),
        [37] = Removed("IQ4_NL_4_8"),
        [38] = Removed("IQ4_NL_8_8"),
        [39] = NotSupported("MXFP4"),
        [40] = NotSupported("NVFP4"),
    };

    /// <summary>Values in a block; 1 for floats.</summary>
    public int BlockValues => Blocks?.Values ?? 1;

    /// <summary>Bytes of a block; of a value for floats.</summary>
    public int BlockBytes => Blocks?.Bytes ?? Floats.Size();

    /// <summary>Null where there is no such type that can be read.</summary>
    public static GgufTensorType? Find(uint id) => All.FirstOrDefault(type => type.Id == id);

    /// <summary>Why a type cannot be read, as the rest of a sentence that begins with the tensor.</summary>
    public static string Refusal(uint id) => Refused.TryGetValue(id, out var reason)
        ? reason
        : $"unknown. Supported are {string.Join(", ", All.Select(type => type.Name))}; the file is damaged or newer than this program";

    private static GgufTensorType Of(uint id, BlockType blocks) => new(id, blocks.Name, ElementType.Other, blocks);

    private static string Removed(string name) =>
        $"{name}, which was removed from the format: convert the model again with a current llama.cpp";

    private static string NotSupported(string name) =>
        $"{name}, which is not supported. Take a file of another type, for example Q4_K_M or Q8_0";

    private static string NoWeights(string name) => $"{name}, which no weights of these models have";
}
