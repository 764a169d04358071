using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Tests.Machine;

/// <summary>The kernel of 8-bit rows follows from the signs of the weights and the processor's instructions.</summary>
public sealed class Int8KernelTests
{
    [Theory]
    [InlineData("w8a8s", "avx2 avx512f avx512_vnni", "u8 x s8, AVX-512 VNNI")]
    [InlineData("w8a8s-e32", "avx2 avx_vnni", "u8 x s8, AVX-VNNI")]
    [InlineData("w8a8s", "avx2 avx512f avx512_vnni amx_int8", "u8 x s8, AMX")]
    [InlineData("w8a7", "avx2", "u7 x s8, AVX2")]
    [InlineData("w8a7", "avx2 avx512f avx512_vnni", "u8 x s8, AVX-512 VNNI")]
    [InlineData("w8a8u", "avx2 avx_vnni avx_vnni_int8", "u8 x u8, AVX-VNNI-INT8")]
    public void Weights_in_the_form_that_the_processor_multiplies_fastest_need_no_advice(string precision, string flags, string kernel)
    {
        var found = Kernel(precision, flags);
        Assert.Equal((kernel, null, false), (found.Name, found.Advice, found.NeedsExactProducts));
    }

    [Theory]
    [InlineData("w8a8u", "avx2 avx512f avx512_vnni")]
    [InlineData("w8a8-e16", "avx2 avx_vnni")]
    [InlineData("w8a8", "avx2")]
    public void Unsigned_weights_are_slow_on_x64_and_a_new_import_is_advised(string precision, string flags)
    {
        var found = Kernel(precision, flags);
        Assert.Equal(("u8 x u8, 16-bit products", false), (found.Name, found.NeedsExactProducts));
        Assert.Contains("Importing the model again", found.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("avx2")]
    [InlineData("avx2 avx512f")]
    [InlineData("")]
    public void Signed_weights_without_dot_products_get_exact_products_and_advice(string flags)
    {
        var found = Kernel("w8a8s", flags);
        Assert.True(found.NeedsExactProducts);
        Assert.Contains("activations of 7 bit", found.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("w8a8s", "asimddp", "u8 x s8, dot products")]
    [InlineData("w8a8s", "asimddp i8mm", "u8 x s8, i8mm")]
    [InlineData("w8a8", "asimddp", "u8 x u8, dot products")]
    [InlineData("w8a7", "fp asimd", "u8 x s8, NEON")]
    public void On_arm_no_form_overflows_and_none_is_slower(string precision, string flags, string kernel)
    {
        var found = Int8Kernel.Of(precision, ProcessorFeatures.Parse([$"Features : {flags}"], Architecture.Arm64), Architecture.Arm64)!;
        Assert.Equal((kernel, null, false), (found.Name, found.Advice, found.NeedsExactProducts));
    }

    [Theory]
    [InlineData("int4-b64-zp")]
    [InlineData("fp32")]
    [InlineData(null)]
    public void Other_weights_have_none(string? precision) =>
        Assert.Null(Int8Kernel.Of(precision, ProcessorFeatures.ThisMachine, Architecture.X64));

    private static Int8Kernel Kernel(string precision, string flags) =>
        Int8Kernel.Of(precision, ProcessorFeatures.Parse([$"flags : {flags}"], Architecture.X64), Architecture.X64)!;
}
