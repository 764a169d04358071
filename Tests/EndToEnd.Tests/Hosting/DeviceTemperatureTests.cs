using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

/// <summary>Sensors as boards show them, with all kinds of broken ones, in a temporary folder.</summary>
public sealed class DeviceTemperatureTests : IDisposable
{
    private readonly string _sys = Directory.CreateTempSubdirectory("mobilevlm-sys-").FullName;
    private int _zones;

    public void Dispose() => Directory.Delete(_sys, recursive: true);

    [Fact]
    public void The_hottest_of_the_chip_counts_and_broken_zones_do_not()
    {
        Zone("cpu-thermal", "61000");
        Zone("gpu-thermal", "64500");
        Zone("cv0-thermal", "-256000");
        Zone("soc0-thermal", "0");
        Zone("tj-thermal", "64400");
        Zone("npu-thermal", "2147483647");
        Zone("bigcore0-thermal", "no number");
        Zone("littlecore-thermal", null);
        Directory.CreateDirectory(Path.Combine(_sys, "class", "thermal", "thermal_zone99"));

        Assert.Equal(new(64.5, "gpu-thermal"), Board().Read());
    }

    [Theory]
    [InlineData("battery")]
    [InlineData("charger-therm")]
    [InlineData("PMIC-Die")] // always 100 degrees on a Jetson Nano
    [InlineData("pm8350_tz")]
    [InlineData("wifi-thermal")]
    [InlineData("iwlwifi_1")]
    [InlineData("acpitz")]
    [InlineData("soc")] // a battery's state of charge
    [InlineData("pch_cannonlake")]
    [InlineData("camera-thermal")]
    [InlineData("mdmss-0")]
    [InlineData("xo-therm")]
    [InlineData("skin-therm")]
    [InlineData("cpu-0-step")]
    public void Other_parts_of_a_board_do_not_count_however_hot_they_are(string zone)
    {
        Zone(zone, "100000");
        Assert.Null(Board().Read());
        Zone("cpu-thermal", "50000");
        Assert.Equal(50, Board().Read()!.Celsius);
        Assert.Equal(new(100, zone), Board(zone).Read());
    }

    [Theory]
    [InlineData("cpu-thermal")] // Raspberry Pi, Jetson
    [InlineData("CPU-therm")]
    [InlineData("x86_pkg_temp")]
    [InlineData("TCPU")]
    [InlineData("cpuss0-thermal")] // Qualcomm
    [InlineData("gpuss-1-thermal")]
    [InlineData("nspss0-thermal")]
    [InlineData("soc-thermal")] // Rockchip
    [InlineData("package_thermal")]
    [InlineData("cluster0")]
    public void Zones_of_processors_are_known_by_the_names_that_kernels_give_them(string zone) => Assert.True(DeviceTemperature.IsOfChip(zone));

    [Fact]
    public void A_kernel_that_reports_whole_degrees_is_understood()
    {
        Zone("cpu", "57");
        Assert.Equal(57, Board().Read()!.Celsius);
    }

    [Fact]
    public void Without_a_zone_a_monitor_of_the_processor_counts()
    {
        Zone("acpitz", "27800");
        Monitor("hwmon0", "nvme", ("Composite", "45000"));
        Monitor("hwmon1", "k10temp", ("Tctl", "71125"), ("Tccd1", "68000"));
        Monitor("hwmon2", "amdgpu", (null, "90000"));
        Assert.Equal(new(71.125, "k10temp/Tctl"), Board().Read());
        Assert.Equal(new(68, "k10temp/Tccd1"), Board("k10temp/Tccd1").Read());
        Assert.Equal(new(90, "amdgpu"), Board("AMDGPU").Read());
    }

    [Fact]
    public void A_file_can_be_named()
    {
        var file = Path.Combine(_sys, "outside");
        Assert.Null(Board(file).Read());
        File.WriteAllText(file, "-12500\n");
        Assert.Equal(new(-12.5, file), Board(file).Read());
    }

    [Fact]
    public void Doctor_reports_the_sensor_and_names_the_setting_where_there_is_none()
    {
        Assert.Empty(TemperatureChecks.Run(new PaceOptions(), Board()));
        var limited = new PaceOptions { MaxTemperature = 80 };
        var none = Assert.Single(TemperatureChecks.Run(limited, Board()));
        Assert.Equal((FindingKind.Note, "no sensor of the processor or the GPU was found, so Pace:MaxTemperature limits nothing"), (none.Kind, none.Found));
        Assert.Contains("Set Pace:Sensor", none.Remedy, StringComparison.Ordinal);
        Zone("acpitz", "27800");
        Assert.Contains("'acpitz' (27.8 °C)", Assert.Single(TemperatureChecks.Run(limited, Board())).Remedy, StringComparison.Ordinal);
        var wrong = new PaceOptions { MaxTemperature = 80, Sensor = "cpu" };
        Assert.StartsWith("the sensor 'cpu' of Pace:Sensor cannot be read", Assert.Single(TemperatureChecks.Run(wrong, Board("cpu"))).Found, StringComparison.Ordinal);

        Zone("cpu-thermal", "61000");
        var found = Assert.Single(TemperatureChecks.Run(limited, Board()));
        Assert.Equal((FindingKind.Fine, "cpu-thermal has 61 °C; Pace:MaxTemperature is 80 °C"), (found.Kind, found.Found));
        Zone("gpu-thermal", "81000");
        Assert.Equal(FindingKind.Note, Assert.Single(TemperatureChecks.Run(limited, Board())).Kind);
    }

    private DeviceTemperature Board(string? sensor = null) => new(sensor, _sys);

    private void Zone(string type, string? value)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_sys, "class", "thermal", $"thermal_zone{_zones++}")).FullName;
        File.WriteAllText(Path.Combine(folder, "type"), $"{type}\n");
        if (value is not null)
        {
            File.WriteAllText(Path.Combine(folder, "temp"), $"{value}\n");
        }
        else
        {
            // Reading fails, as of a zone that is switched off.
            Directory.CreateDirectory(Path.Combine(folder, "temp"));
        }
    }

    private void Monitor(string hwmon, string name, params (string? Label, string Value)[] channels)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_sys, "class", "hwmon", hwmon)).FullName;
        File.WriteAllText(Path.Combine(folder, "name"), name);
        foreach (var (at, (label, value)) in channels.Index())
        {
            File.WriteAllText(Path.Combine(folder, $"temp{at + 1}_input"), value);
            if (label is not null)
            {
                File.WriteAllText(Path.Combine(folder, $"temp{at + 1}_label"), label);
            }
        }
    }
}
