using MobileVlm.Edge.Deploy.Bench;

namespace MobileVlm.Edge.EndToEnd.Tests.Bench;

/// <summary>Sensors of energy as the kernel shows them, in temporary folders: file names and units are those of its documentation
/// (powercap, hwmon, the INA3221 driver) and of the Jetson developer guide's rail names.</summary>
public sealed class EnergySensorTests : IDisposable
{
    private readonly string _sys = Directory.CreateTempSubdirectory("mobilevlm-sys-").FullName;

    public void Dispose() => Directory.Delete(_sys, recursive: true);

    [Fact]
    public void Packages_and_memory_are_summed_and_what_they_contain_is_not_counted_twice()
    {
        Rapl("intel-rapl:0", "package-0", 1_000_000);
        Rapl("intel-rapl:0:0", "core", 500_000);
        Rapl("intel-rapl:0:1", "dram", 200_000);
        Rapl("intel-rapl:1", "psys", 9_000_000);
        var (source, reason) = EnergySensors.Find(_sys);

        Assert.Null(reason);
        Assert.Equal("RAPL: package-0, dram", source!.Description);
        source.Sample(TimeSpan.Zero);
        Rapl("intel-rapl:0", "package-0", 4_000_000);
        Rapl("intel-rapl:0:0", "core", 2_500_000);
        Rapl("intel-rapl:0:1", "dram", 700_000);
        Rapl("intel-rapl:1", "psys", 20_000_000);
        source.Sample(TimeSpan.FromSeconds(1));
        Assert.Equal(3.5, source.Joules, 6);
    }

    [Fact]
    public void A_counter_that_began_again_goes_on_from_its_range()
    {
        Rapl("intel-rapl:0", "package-0", 262_143_000_000, range: 262_143_328_850);
        var source = EnergySensors.Find(_sys).Source!;
        source.Sample(TimeSpan.Zero);
        Rapl("intel-rapl:0", "package-0", 1_671_150);
        source.Sample(TimeSpan.FromSeconds(1));
        Assert.Equal(2, source.Joules, 6);
    }

    [Fact]
    public void A_counter_that_only_root_may_read_is_named_with_what_to_do()
    {
        // Root may read everything; there this test shows that the counter is used.
        Rapl("intel-rapl:0", "package-0", 1);
        var file = Path.Combine(_sys, "class", "powercap", "intel-rapl:0", "energy_uj");
        File.SetUnixFileMode(file, UnixFileMode.None);
        var (source, reason) = EnergySensors.Find(_sys);
        if (Environment.IsPrivilegedProcess)
        {
            Assert.Equal("RAPL: package-0", source!.Description);
            return;
        }

        Assert.Null(source);
        Assert.Contains($"{file} may be read by root only", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_input_rail_of_an_orin_nano_is_used_and_its_parts_are_not_added()
    {
        Rails("hwmon1", ("VDD_IN", 5000, 1600), ("VDD_CPU_GPU_CV", 5000, 600), ("VDD_SOC", 5000, 300));
        var (source, reason) = EnergySensors.Find(_sys);

        Assert.Null(reason);
        Assert.Equal("INA3221: VDD_IN", source!.Description);
        source.Sample(TimeSpan.Zero);
        Rails("hwmon1", ("VDD_IN", 5000, 2400), ("VDD_CPU_GPU_CV", 5000, 900), ("VDD_SOC", 5000, 300));
        source.Sample(TimeSpan.FromSeconds(2));

        // From 8 to 12 W in 2 s.
        Assert.Equal(20, source.Joules, 6);
    }

    [Fact]
    public void The_three_rails_of_an_agx_orin_are_summed_over_both_sensors()
    {
        Rails("hwmon0", ("VDD_GPU_SOC", 19000, 500), ("VDD_CPU_CV", 19000, 200), ("VIN_SYS_5V0", 5000, 900));
        Rails("hwmon1", ("VDDQ_VDD2_1V8AO", 5000, 400));
        var source = EnergySensors.Find(_sys).Source!;
        Assert.Equal("INA3221: VDD_GPU_SOC, VDD_CPU_CV, VIN_SYS_5V0", source.Description);
        source.Sample(TimeSpan.Zero);
        source.Sample(TimeSpan.FromSeconds(1));
        Assert.Equal(9.5 + 3.8 + 4.5, source.Joules, 6);
    }

    [Fact]
    public void Rails_with_unknown_names_are_reported_and_not_summed()
    {
        Rails("hwmon0", ("VDD_A", 5000, 100), ("VDD_B", 5000, 100));
        var (source, reason) = EnergySensors.Find(_sys);
        Assert.Null(source);
        Assert.Contains("unknown labels (VDD_A, VDD_B)", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_power_meter_of_acpi_is_preferred_to_the_processors_counters()
    {
        Rapl("intel-rapl:0", "package-0", 1_000_000);
        Write("class/hwmon/hwmon2/name", "power_meter");
        Write("class/hwmon/hwmon2/power1_average", "40000000");
        var source = EnergySensors.Find(_sys).Source!;
        Assert.Equal("ACPI power meter: power1_average", source.Description);
        source.Sample(TimeSpan.Zero);
        source.Sample(TimeSpan.FromMilliseconds(500));
        Assert.Equal(20, source.Joules, 6);
    }

    [Fact]
    public void A_machine_without_sensors_gets_the_reason()
    {
        Write("class/hwmon/hwmon0/name", "coretemp");
        var (source, reason) = EnergySensors.Find(_sys);
        Assert.Null(source);
        Assert.StartsWith("This machine reports no energy", reason, StringComparison.Ordinal);
    }

    private void Rapl(string domain, string name, long microjoules, long range = 262_143_328_850)
    {
        Write($"class/powercap/{domain}/name", name);
        Write($"class/powercap/{domain}/max_energy_range_uj", $"{range}");
        Write($"class/powercap/{domain}/energy_uj", $"{microjoules}");
    }

    private void Rails(string sensor, params ReadOnlySpan<(string Label, int MilliVolts, int MilliAmperes)> rails)
    {
        Write($"class/hwmon/{sensor}/name", "ina3221");
        for (var i = 0; i < rails.Length; i++)
        {
            Write($"class/hwmon/{sensor}/in{i + 1}_label", rails[i].Label);
            Write($"class/hwmon/{sensor}/in{i + 1}_input", $"{rails[i].MilliVolts}");
            Write($"class/hwmon/{sensor}/curr{i + 1}_input", $"{rails[i].MilliAmperes}");
        }
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_sys, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
    }
}
