using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Pace</c>.</summary>
internal sealed class PaceOptions
{
    [Description("Temperature in degrees Celsius below which the engine [keeps the board](operations.md#heat-and-quiet-hours) by resting between frames. Set it some degrees below the temperature at which the board reduces its clock rate.")]
    [DefaultText("none: the temperature limits nothing")]
    [NumberRange(40, 110)]
    public double? MaxTemperature { get; set; }

    [Description("The sensor for `MaxTemperature`: its name as `doctor` lists it, or a file with thousandths of a degree, such as `/sys/class/hwmon/hwmon1/temp1_input`.")]
    [DefaultText("the hottest of the processor, the GPU and what is on the same chip")]
    [TextLength(4096)]
    public string? Sensor { get; set; }

    [Description("The least share of time that the engine works while the board is too hot. It never stops entirely.")]
    [NumberRange(0.02, 1)]
    public double MinFactor { get; set; } = 0.1;

    [Description("Times at which questions are asked less often, in the local time of `TimeZone`.")]
    [WeeklySlot]
    public List<string> QuietHours { get; set; } = [];

    [Description("How often questions are asked in `QuietHours`, as a share of what is configured. The engine also works at most this share of the time then.")]
    [NumberRange(0.02, 1)]
    public double QuietFactor { get; set; } = 0.25;
}
