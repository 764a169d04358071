using System.Globalization;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Machine;

/// <summary>Which processors compute, on machines as their systems describe them.</summary>
public sealed class CpuTopologyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-cpu-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    // Snapdragon 888: four A55, three A78, one X1; rated.
    [InlineData("325 325 325 325 772 772 772 1024", "0 1 2 3 4 5 6 7", "7 4 5 6", true)]
    // RK3588: four A55, two pairs of A76.
    [InlineData("530 530 530 530 1024 1024 1024 1024", "0 1 2 3 4 5 6 7", "4 5 6 7", true)]
    // Jetson Orin Nano: six A78AE, all alike.
    [InlineData("1024 1024 1024 1024 1024 1024", "0 1 2 3 4 5", "0 1 2 3 4 5", false)]
    // A PC with two threads a core and no rating: one thread of each core.
    [InlineData("- - - - - - - -", "0 1 2 3 0 1 2 3", "0 1 2 3", false)]
    // A PC with two threads on each big core and small cores beside them; rated.
    [InlineData("1024 1024 1024 1024 570 570 570 570", "0 0 4 4 8 9 10 11", "0 2", true)]
    public void The_big_cores_compute_one_thread_each_strongest_first(string capacities, string cores, string big, bool mixed)
    {
        var topology = Machine(capacities.Split(' '), cores.Split(' '), "cpu_capacity");
        Assert.Equal(big, string.Join(' ', topology.BigCores));
        Assert.Equal(mixed, topology.IsMixed);
    }

    [Fact]
    public void Where_nothing_is_rated_the_highest_frequency_counts()
    {
        // Boards like the Raspberry Pi have one frequency; this one has two clusters.
        var topology = Machine(["1800000", "1800000", "2400000", "2400000", "900000"], ["0", "1", "2", "3", "4"], "cpufreq/cpuinfo_max_freq");
        Assert.Equal([2, 3, 0, 1], topology.BigCores);
        Assert.True(topology.IsMixed);
    }

    [Fact]
    public void What_is_offline_or_not_allowed_does_not_compute()
    {
        var topology = Machine(["1024", "1024", "1024", "1024"], ["0", "1", "2", "3"], "cpu_capacity", online: "0,2-3", allowed: "0-2");
        Assert.Equal([0, 2], topology.Allowed);
        Assert.Equal([0, 2], topology.BigCores);
    }

    [Fact]
    public void A_machine_without_topology_files_has_as_many_equal_processors_as_dotnet_counts()
    {
        var topology = CpuTopology.Read(Path.Combine(_folder, "none"), Path.Combine(_folder, "none"));
        Assert.Equal(Environment.ProcessorCount, topology.BigCores.Count);
        Assert.False(topology.IsMixed);
    }

    [Fact]
    public void Threads_are_bound_to_big_cores_only_where_there_are_little_ones()
    {
        var phone = Machine(["300", "300", "800", "1024"], ["0", "1", "2", "3"], "cpu_capacity");
        Assert.Equal([3, 2], new ExecutionSettings(2) { Topology = phone }.EffectiveProcessors);
        Assert.Equal([3], new ExecutionSettings(1) { Topology = phone }.EffectiveProcessors);
        // More threads than big cores were requested; where they run is left to the system.
        Assert.Empty(new ExecutionSettings(3) { Topology = phone }.EffectiveProcessors);
        Assert.Empty(new ExecutionSettings(2) { Topology = phone, Processors = [] }.EffectiveProcessors);
        Assert.Equal(2, new ExecutionSettings { Topology = phone, Processors = [0, 1] }.EffectiveThreads);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("4-7", "4 5 6 7")]
    [InlineData(" 6, 0-2 ", "0 1 2 6")]
    public void Lists_are_read_as_the_system_writes_them(string text, string numbers) =>
        Assert.Equal(numbers, string.Join(' ', CpuTopology.ParseList(text)));

    [Theory]
    [InlineData("")]
    [InlineData("big")]
    [InlineData("3-1")]
    [InlineData("-1")]
    [InlineData("0-99999")]
    public void What_is_not_a_list_is_refused(string text) => Assert.Throws<FormatException>(() => CpuTopology.ParseList(text));

    [Theory]
    [InlineData("7 4 5 6", 4, "5;6;7")]
    [InlineData("7 4", 2, "5")]
    [InlineData("0 1", 4, "2;1;2")]
    public void The_pool_gets_one_entry_for_each_thread_but_the_calling_one(string processors, int threads, string expected) =>
        Assert.Equal(expected, ThreadAffinity.OfPool([.. processors.Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture))], threads));

    [Fact]
    public async Task A_session_bound_to_one_processor_runs_there_and_computes_the_same()
    {
        var folder = GoldenModel.Get("mobilellama").Folder;
        var free = FirstLogits(folder, new ExecutionSettings(2));
        var processor = CpuTopology.ThisMachine.Allowed[^1];
        var bound = await Task.Factory.StartNew(
            () =>
            {
                var logits = FirstLogits(folder, new ExecutionSettings(2) { Processors = [processor] });
                var allowed = File.ReadLines("/proc/thread-self/status")
                    .First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split(':')[1].Trim();
                Assert.Equal(processor.ToString(CultureInfo.InvariantCulture), allowed);
                return logits;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.Equal(free, bound);
    }

    private static float[] FirstLogits(ModelFolder folder, ExecutionSettings settings)
    {
        using var decoder = new LanguageDecoder(folder, settings);
        using var state = decoder.CreateState(2);
        return state.Step(1).ToArray();
    }

    private CpuTopology Machine(string[] values, string[] cores, string file, string? online = null, string? allowed = null)
    {
        for (var i = 0; i < values.Length; i++)
        {
            Write($"cpu{i}/topology/core_id", cores[i]);
            Write($"cpu{i}/topology/physical_package_id", "0");
            if (values[i] != "-")
            {
                Write($"cpu{i}/{file}", values[i]);
            }
        }

        // Folders that are not processors, as real systems have them.
        Write("cpufreq/policy0/affected_cpus", "0");
        Write("cpuidle/current_driver", "none");
        Write("online", online ?? $"0-{values.Length - 1}");
        Write("status", $"Name:\tmobilevlm\nCpus_allowed_list:\t{allowed ?? $"0-{values.Length - 1}"}\n");
        return CpuTopology.Read(_folder, Path.Combine(_folder, "status"));
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text + "\n");
    }
}
