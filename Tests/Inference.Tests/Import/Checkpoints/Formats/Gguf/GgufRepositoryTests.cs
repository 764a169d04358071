using System.Buffers.Binary;
using System.Text;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Gguf;

/// <summary>Which files of a repository are one model, by the starts of the files.</summary>
public sealed class GgufRepositoryTests
{
    private static readonly byte[] Decoder = File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "lm.q4_0.gguf"));
    private static readonly byte[] Mmproj = File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "mmproj.gguf"));
    private static readonly byte[] OtherMmproj = File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "mmproj.q8_0.gguf"));

    [Fact]
    public void The_pair_that_fits_is_found_and_all_parts_of_a_split_file()
    {
        GgufHead[] heads = [Head("a.gguf", Decoder), Head("m.gguf", Mmproj), Head("x.gguf", File.ReadAllBytes(GgufFiles.Path("mobilellama", "lm.q4_1.gguf")))];
        Assert.Equal(("a.gguf", "m.gguf"), Select(heads, "a.gguf"));
        Assert.Contains("more than one", Refusal(heads), StringComparison.Ordinal);
        Assert.Contains("no decoder file 'b.gguf'. Its GGUF files are a.gguf, m.gguf, x.gguf.", Refusal(heads, "b.gguf"), StringComparison.Ordinal);
        Assert.Contains("no GGUF file", Refusal([], "b.gguf"), StringComparison.Ordinal);
        var part = GgufRepository.Select(
            "'o/r'", [Head("s-00001-of-00003.gguf", File.ReadAllBytes(GgufFiles.Path("llama-gqa", "split", "split-00001-of-00003.gguf")))], null);
        Assert.Equal(["s-00001-of-00003.gguf", "s-00002-of-00003.gguf", "s-00003-of-00003.gguf"], part.Files);
    }

    [Fact]
    public void Where_several_mmproj_files_fit_one_can_be_named()
    {
        GgufHead[] heads = [Head("a.gguf", Decoder), Head("m.gguf", Mmproj), Head("q.gguf", OtherMmproj)];
        var several = Refusal(heads, "a.gguf");
        Assert.Contains("a.gguf with m.gguf; a.gguf with q.gguf", several, StringComparison.Ordinal);
        Assert.Contains("--mmproj", several, StringComparison.Ordinal);
        Assert.Equal(("a.gguf", "q.gguf"), Select(heads, "a.gguf", "q.gguf"));
        Assert.Equal(("a.gguf", "m.gguf"), Select(heads, null, "m.gguf"));
        Assert.Contains("no mmproj file 'a.gguf'", Refusal(heads, null, "a.gguf"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_an_unread_type_blocks_only_a_model_that_needs_it()
    {
        var unread = Head("iq2.gguf", WithType(Decoder, "token_embd.weight"));
        var (decoder, mmproj) = (Head("a.gguf", Decoder), Head("m.gguf", Mmproj));
        Assert.Equal(("a.gguf", "m.gguf"), Select([decoder, unread, mmproj], "a.gguf"));
        Assert.Equal(("a.gguf", "m.gguf"), Select([decoder, unread, mmproj]));
        Assert.Equal(("a.gguf", null), Select([decoder, unread]));
        Assert.Contains("iq2.gguf: has tensor 'token_embd.weight' of type 16", Refusal([decoder, unread, mmproj], "iq2.gguf"), StringComparison.Ordinal);
        Assert.Contains("iq2.gguf: has tensor 'token_embd.weight' of type 16", Refusal([unread, mmproj]), StringComparison.Ordinal);

        // An mmproj file that is not read must not make a model of text only out of one with pictures.
        var unreadMmproj = Head("b.gguf", WithType(Mmproj, "v.class_embd"));
        Assert.Contains("an mmproj file that cannot be read", Refusal([decoder, unreadMmproj], "a.gguf"), StringComparison.Ordinal);
        Assert.Contains("an mmproj file that cannot be read", Refusal([decoder, Head("mmproj.gguf", [.. "GGUX"u8, .. new byte[100]])]), StringComparison.Ordinal);
        Assert.Contains("b.gguf: has tensor", Refusal([decoder, unreadMmproj, mmproj], null, "b.gguf"), StringComparison.Ordinal);
        Assert.Equal(("a.gguf", "m.gguf"), Select([decoder, unreadMmproj, mmproj]));
    }

    [Fact]
    public void A_projector_that_is_not_supported_is_named_as_the_reason()
    {
        var text = Encoding.Latin1.GetString(Mmproj).Replace("mm.model.mlp.3.", "mm.model.mlp.9.", StringComparison.Ordinal);
        Assert.Contains(
            "'m.gguf' is an mmproj file (vision encoder and projector) with a projector other than 'ldp' and 'ldpv2', which is not supported",
            Refusal([Head("a.gguf", Decoder), Head("m.gguf", Encoding.Latin1.GetBytes(text))]), StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_repository_with_many_files_names_decide_which_are_read()
    {
        string[] fifty = [.. Enumerable.Range(10, 49).Select(number => $"lm-{number}.gguf"), "x-mmproj-f16.gguf"];
        Assert.Equal(fifty, GgufRepository.FilesToRead("'o/r'", fifty, null, null));
        string[] many = [.. fifty, "lm-70.gguf"];
        Assert.Contains(
            "holds 51 GGUF files", Assert.Throws<CheckpointException>(() => GgufRepository.FilesToRead("'o/r'", many, null, null)).Message, StringComparison.Ordinal);
        Assert.Equal(["lm-70.gguf", "x-mmproj-f16.gguf"], GgufRepository.FilesToRead("'o/r'", many, "lm-70.gguf", null));
        Assert.Equal(["lm-10.gguf", "lm-70.gguf"], GgufRepository.FilesToRead("'o/r'", many, "lm-70.gguf", "lm-10.gguf"));
    }

    private static (string Decoder, string? Mmproj) Select(GgufHead[] heads, string? decoder = null, string? mmproj = null)
    {
        var model = GgufRepository.Select("'o/r'", heads, decoder, mmproj);
        return (model.Decoder, model.Mmproj);
    }

    private static string Refusal(GgufHead[] heads, string? decoder = null, string? mmproj = null) =>
        Assert.Throws<CheckpointException>(() => GgufRepository.Select("'o/r'", heads, decoder, mmproj)).Message;

    private static GgufHead Head(string name, byte[] bytes) => new(name, bytes.Length, bytes.AsMemory(0, Math.Min(bytes.Length, 40000)));

    /// <summary>A copy in which a tensor is of type 16 (IQ2_XXS).</summary>
    private static byte[] WithType(byte[] file, string tensor)
    {
        var copy = file.ToArray();
        var name = Encoding.ASCII.GetBytes(tensor);
        var at = copy.AsSpan().IndexOf([.. BitConverter.GetBytes((ulong)name.Length), .. name]) + sizeof(ulong) + name.Length;
        var dimensions = BinaryPrimitives.ReadInt32LittleEndian(copy.AsSpan(at));
        BinaryPrimitives.WriteInt32LittleEndian(copy.AsSpan(at + sizeof(int) + (dimensions * sizeof(long))), 16);
        return copy;
    }
}
