using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Tests.Machine;

public sealed class ProcessorFeaturesTests
{
    private static readonly string[] Intel =
    [
        "processor\t: 0", "model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
        "flags\t\t: fpu sse2 avx avx2 fma avx512f avx512_vnni amx_int8", "", "processor\t: 1", "model name\t: Another",
    ];

    private static readonly string[] Arm =
    [
        "processor\t: 0", "Features\t: fp asimd aes asimddp i8mm bf16", "CPU implementer\t: 0x41", "CPU part\t: 0xd42",
        "processor\t: 1", "Features\t: fp asimd", "CPU part\t: 0xd46",
    ];

    [Fact]
    public void An_x64_processor_has_a_name_and_its_instructions_in_a_fixed_order()
    {
        var features = ProcessorFeatures.Parse(Intel, Architecture.X64);
        Assert.Equal("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", features.Name);
        Assert.Equal(features.Name, features.Description);
        Assert.Equal(["avx2", "avx512f", "avx512_vnni", "amx_int8"], features.Instructions);
        Assert.True(features is { HasAvx2: true, HasAvx512: true, HasAvxVnni: false, HasInt8DotProducts: true, HasArmDotProducts: false });
    }

    [Fact]
    public void An_arm_processor_is_named_by_its_first_core()
    {
        var features = ProcessorFeatures.Parse(Arm, Architecture.Arm64);
        Assert.Equal(("0xd42", "Arm implementer 0x41 part 0xd42"), (features.Name, features.Description));
        Assert.Equal(["asimddp", "i8mm", "bf16"], features.Instructions);
        Assert.True(features is { HasArmDotProducts: true, HasInt8DotProducts: true, HasAvx2: false });
    }

    [Theory]
    [InlineData("fpu avx2", false)]
    [InlineData("fpu avx2 avx512f", false)]
    [InlineData("fpu avx2 avx_vnni", true)]
    [InlineData("fpu avx512_vnni", true)]
    public void Eight_bit_dot_products_are_found_in_the_flags(string flags, bool expected) =>
        Assert.Equal(expected, ProcessorFeatures.Parse([$"flags : {flags}"], Architecture.X64).HasInt8DotProducts);

    [Fact]
    public void Where_nothing_can_be_read_64_bit_arm_has_dot_products_and_x64_has_nothing()
    {
        var arm = ProcessorFeatures.Parse([], Architecture.Arm64);
        Assert.Equal(("Arm64", "unknown", true), (arm.Name, arm.Description, arm.HasInt8DotProducts));
        var x64 = ProcessorFeatures.Parse([], Architecture.X64);
        Assert.Equal(("X64", "unknown", false), (x64.Name, x64.Description, x64.HasInt8DotProducts));
    }
}
