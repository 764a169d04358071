using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Inference.Tests.Machine;

public sealed class DiskSpaceTests
{
    [Fact]
    public void Too_little_disk_space_is_refused_with_both_sizes_and_a_remedy()
    {
        using var folder = new TemporaryFolder();
        var refusal = Assert.Throws<IOException>(
            () => DiskSpace.Require("Free some.", new DiskRequirement("the model", folder["not/yet"], long.MaxValue / 2)));
        Assert.Contains($"the model in {folder["not/yet"]} (4611686018.43 GB) needs 4611686018.49 GB on /", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(" GB free. Free some.", refusal.Message.Replace(" MB", " GB", StringComparison.Ordinal), StringComparison.Ordinal);
        DiskSpace.Require("Free some.", new DiskRequirement("the model", folder["not/yet"], 1));
    }

    [Fact]
    public void Requirements_on_one_disk_are_added_up()
    {
        using var folder = new TemporaryFolder();
        var half = (DiskSpace.Free(folder.Path) / 2) + (32L << 20);
        DiskSpace.Require("", new DiskRequirement("one", folder["a"], half));
        var refusal = Assert.Throws<IOException>(() => DiskSpace.Require(
            "", new DiskRequirement("one", folder["a"], half), new DiskRequirement("two", folder["b"], half)));
        Assert.Contains("one in ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(" and two in ", refusal.Message, StringComparison.Ordinal);
    }

    [SmallDiskFact]
    public void A_disk_that_is_mounted_below_a_folder_is_counted_by_itself()
    {
        using var folder = new TemporaryFolder();
        using var disk = SmallDisk.Mount(folder.Path, "size=70m");
        DiskSpace.Require("", new DiskRequirement("the model", Path.Combine(disk.Path, "x"), 1 << 20));
        Assert.Throws<IOException>(() => DiskSpace.Require("", new DiskRequirement("the model", Path.Combine(disk.Path, "x"), 20 << 20)));
    }

    [Theory]
    [InlineData(12_000_000, "12.0 MB")]
    [InlineData(2_345_678_901, "2.35 GB")]
    public void Sizes_are_decimal(long bytes, string text) => Assert.Equal(text, DiskSpace.Text(bytes));
}
