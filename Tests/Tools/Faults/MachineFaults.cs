using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>Failures of the machine: its disk and its clock.</summary>
internal static class MachineFaults
{
    public static IEnumerable<FaultCase> All =>
    [
        new("outbox limited to 40 events, broker away", LimitAsync),
        new("disk full, broker away", DiskAsync),
        new("outbox damaged while the service runs, broker away", DamagedAsync),
        new("outbox and its folder removed while the service runs, broker away", RemovedAsync),
        new("folder of the outbox cannot be used at the start, broker away; later it can", FolderAsync),
        new("disk turns read-only while the service runs (ext4 after an error), broker away; later it is repaired", ReadOnlyAsync),
        new("disk mounted read-only at the start, broker away; later remounted writable", MountedReadOnlyAsync),
        new("clock set forward by 400 days, then back, broker away", ClockAsync),
    ];

    public static async Task<FaultResult> LimitAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        rig.More["Outbox"] = new { Path = rig.Outbox, MaxRows = 40 };
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        await rig.ProducesAsync(100);
        await rig.KillServiceAsync();
        await rig.StartServiceAsync();
        await rig.ProducesAsync(20);
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(45);
        return new FaultResult(await rig.CountAsync(), "killed once meanwhile");
    }

    private static async Task<FaultResult> DiskAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        var disk = Path.Combine(rig.Folder, "disk");
        Directory.CreateDirectory(disk);
        if (Run("mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", disk) is { } refused)
        {
            return new FaultResult(null, $"skipped: a small disk cannot be mounted here ({refused}); run it as root");
        }

        try
        {
            rig.Outbox = Path.Combine(disk, "outbox.db");
            await rig.StartServiceAsync();
            await rig.ReceivesAsync(5);
            await rig.KillBrokerAsync();
            await rig.ProducesAsync(10);
            var filler = Path.Combine(disk, "filler");

            // The space that the service frees is filled as well.
            await Until.HappensAsync(
                "the service never logged that its disk is full",
                () => Fills(filler) && rig.Service.Errors.Contains("SqliteOutbox[62]", StringComparison.Ordinal),
                TimeSpan.FromMinutes(5));
            await rig.ProducesAsync(60);
            File.Delete(filler);
            await rig.ProducesAsync(20);
            await rig.RestartBrokerAsync();
            await rig.ReceivesAsync(20);
            var count = await rig.CountAsync();
            return new FaultResult(count);
        }
        finally
        {
            Run("umount", "-l", disk);
        }
    }

    private static async Task<FaultResult> DamagedAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        await rig.ProducesAsync(40);
        foreach (var file in (string[])[rig.Outbox, $"{rig.Outbox}-wal"])
        {
            var length = new FileInfo(file).Length;
            await using var stream = File.OpenWrite(file);
            stream.Position = Math.Min(100, length);
            await stream.WriteAsync(RandomNumberGenerator.GetBytes((int)(length - stream.Position)));
        }

        await rig.ProducesAsync(40);
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(60);
        return new FaultResult(await rig.CountAsync());
    }

    private static async Task<FaultResult> RemovedAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(rig.Folder, "removed")).FullName;
        rig.Outbox = Path.Combine(folder, "outbox.db");
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        await rig.ProducesAsync(40);
        Directory.Delete(folder, recursive: true);
        await rig.ProducesAsync(40);
        await rig.KillServiceAsync();
        await rig.StartServiceAsync();
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(60);
        return new FaultResult(await rig.CountAsync(), "killed once afterwards");
    }

    private static async Task<FaultResult> FolderAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        var folder = Path.Combine(rig.Folder, "folder");
        await File.WriteAllTextAsync(folder, "A file where the folder should be.");
        rig.Outbox = Path.Combine(folder, "outbox.db");
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        await rig.ProducesAsync(40);
        File.Delete(folder);
        await Until.HappensAsync(
            "the service never wrote its outbox", () => rig.Service.Errors.Contains("SqliteOutbox[64]", StringComparison.Ordinal), FaultRig.Patience);
        await rig.ProducesAsync(10);
        await rig.KillServiceAsync();
        await rig.StartServiceAsync();
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(40);
        return new FaultResult(await rig.CountAsync(), "killed once when it could be used again");
    }

    /// <summary>Like a worn memory card: after an error the kernel allows no more writes, not even to open files, until the file
    /// system has been repaired and mounted again.</summary>
    private static async Task<FaultResult> ReadOnlyAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        var (image, state) = (Path.Combine(rig.Folder, "disk.img"), Directory.CreateDirectory(Path.Combine(rig.Folder, "state")).FullName);
        await using (var file = File.Create(image))
        {
            file.SetLength(24 << 20);
        }

        if ((Run("mkfs.ext4", "-q", "-F", image) ?? Mount(image, state)) is { } refused)
        {
            return new FaultResult(null, $"skipped: a disk cannot be mounted here ({refused}); run it as root");
        }

        try
        {
            rig.Outbox = Path.Combine(state, "outbox.db");
            await rig.StartServiceAsync();
            await rig.ReceivesAsync(5);
            await rig.KillBrokerAsync();
            await rig.ProducesAsync(20);
            await File.WriteAllTextAsync(Path.Combine("/sys/fs/ext4", DeviceOf(state), "trigger_fs_error"), "1");
            await LogsThatItIsReadOnlyAsync(rig);
            await rig.ProducesAsync(60);

            // A file system with an error stays read-only until it is mounted again. The old mount stays below the new one, because
            // the service holds its lock there. A mounted file system cannot be repaired, so a copy is repaired. Exit code 1 of
            // e2fsck means that errors were corrected.
            var repaired = image + ".repaired";
            File.Copy(image, repaired);
            if ((Run("sh", "-c", $"e2fsck -f -y '{repaired}' > /dev/null || [ $? = 1 ]") ?? Mount(repaired, state)) is { } broken)
            {
                throw new InvalidOperationException(broken);
            }

            await RecoversAsync(rig);
            var count = await rig.CountAsync();
            return new FaultResult(count, "killed once when it was repaired");
        }
        finally
        {
            Run("umount", "-l", state);
            Run("umount", "-l", state);
        }
    }

    private static async Task<FaultResult> MountedReadOnlyAsync()
    {
        await using var rig = await FaultRig.StartAsync();
        var state = Directory.CreateDirectory(Path.Combine(rig.Folder, "state")).FullName;
        if (Run("mount", "-t", "tmpfs", "-o", "ro,size=8m", "tmpfs", state) is { } refused)
        {
            return new FaultResult(null, $"skipped: a disk cannot be mounted here ({refused}); run it as root");
        }

        try
        {
            rig.Outbox = Path.Combine(state, "outbox.db");
            await rig.StartServiceAsync();
            await LogsThatItIsReadOnlyAsync(rig);
            await rig.ReceivesAsync(5);
            await rig.KillBrokerAsync();
            await rig.ProducesAsync(40);
            if (Run("mount", "-o", "remount,rw", state) is { } busy)
            {
                throw new InvalidOperationException(busy);
            }

            await RecoversAsync(rig);
            var count = await rig.CountAsync();
            return new FaultResult(count, "killed once when it could be written");
        }
        finally
        {
            Run("umount", "-l", state);
        }
    }

    private static Task LogsThatItIsReadOnlyAsync(FaultRig rig) => Until.HappensAsync(
        "the service never logged that its outbox cannot be written",
        () => rig.Service.Errors.Contains("SqliteOutbox[62]", StringComparison.Ordinal),
        FaultRig.Patience);

    /// <summary>Waits until the service writes its outbox again without intervention; otherwise the kill would lose the events in
    /// memory.</summary>
    private static async Task RecoversAsync(FaultRig rig)
    {
        await Until.HappensAsync(
            "the service never wrote its outbox again",
            () => rig.Service.Errors.Contains("SqliteOutbox[64]", StringComparison.Ordinal),
            FaultRig.Patience);
        await rig.ProducesAsync(10);
        await rig.KillServiceAsync();
        await rig.StartServiceAsync();
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(40);
    }

    /// <summary>Mounts an image on a new loop device, which is released with the last mount.</summary>
    private static string? Mount(string image, string folder) => Run(
        "sh", "-c", $"device=$(losetup -f --show '{image}') && mount -o errors=remount-ro $device '{folder}'; code=$?; losetup -d $device; exit $code");

    /// <summary>The name in <c>/dev</c> of the mounted device.</summary>
    private static string DeviceOf(string mountPoint) => Path.GetFileName(
        File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).Last(mount => mount[1] == mountPoint)[0]);

    private static async Task<FaultResult> ClockAsync()
    {
        var library = $"/usr/lib/{(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64")}-linux-gnu/faketime/libfaketimeMT.so.1";
        if (!File.Exists(library))
        {
            return new FaultResult(null, "skipped: apt-get install faketime");
        }

        await using var rig = await FaultRig.StartAsync();
        var clock = Path.Combine(rig.Folder, "clock");
        await File.WriteAllTextAsync(clock, "+0");
        rig.Environment["LD_PRELOAD"] = library;
        rig.Environment["FAKETIME_TIMESTAMP_FILE"] = clock;
        rig.Environment["FAKETIME_NO_CACHE"] = "1";
        rig.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        rig.Environment["FAKETIME_FORCE_MONOTONIC_FIX"] = "0";
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        await rig.ProducesAsync(20);
        await File.WriteAllTextAsync(clock, "+400d");

        // Longer than the interval at which the outbox drops old events, once per minute.
        await Task.Delay(TimeSpan.FromSeconds(70));
        await rig.ProducesAsync(20);
        await File.WriteAllTextAsync(clock, "+0");
        await rig.ProducesAsync(20);
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(30);
        return new FaultResult(await rig.CountAsync());
    }

    private static bool Fills(string file)
    {
        while (Grows(file))
        {
            // Continues until no more blocks fit.
        }

        return true;
    }

    private static bool Grows(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Append);
            stream.Write(new byte[4096]);
            return true;
        }
        catch (IOException full)
        {
            _ = full;
            return false;
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Null if it succeeded; otherwise its standard error.</returns>
    private static string? Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : errors.Trim();
    }
}
