using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class StateAccessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_that_does_not_exist_yet_can_be_written_where_it_can_be_created() =>
        Assert.Null(StateAccess.FindWriteError(Path.Combine(_folder, "a", "b")));

    [Fact]
    public void A_file_is_not_a_folder()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.Equal($"'{file}' is not a folder", StateAccess.FindWriteError(Path.Combine(file, "state")));
    }

    [SmallDiskFact]
    public void A_disk_that_is_mounted_read_only_is_named_as_the_reason()
    {
        using var disk = SmallDisk.Mount(_folder, "size=1m");
        disk.Remount("ro");
        Assert.Contains("mounted read-only; mount it for writing", StateAccess.FindWriteError(Path.Combine(disk.Path, "state")), StringComparison.Ordinal);
    }
}
