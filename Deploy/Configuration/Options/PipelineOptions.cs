using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Pipeline</c>.</summary>
internal sealed class PipelineOptions
{
    [Description("Encodes the next frame while the previous one is being decoded. Helps with two devices or with spare cores.")]
    [DefaultText("depends on the target: off on `cpu`")]
    public bool? Overlap { get; set; }

    [Description("Frames older than this are dropped without an answer.")]
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan MaxFrameAge { get; set; } = TimeSpan.FromSeconds(5);

    [Description("How often the engine may fail within `RestartWindow` before the process exits with code 1.")]
    [NumberRange(0, 1000)]
    public int Restarts { get; set; } = 5;

    [Description("The sliding window in which `Restarts` are counted.")]
    [TimeRange("00:00:01", "7.00:00:00")]
    public TimeSpan RestartWindow { get; set; } = TimeSpan.FromMinutes(10);

    [Description("Maximum time of a stop. An answer in progress has the first half of it to finish.")]
    [TimeRange("00:00:01", "00:05:00")]
    public TimeSpan StopWithin { get; set; } = TimeSpan.FromSeconds(10);

    [Description("When nothing has moved in the pipeline for this long, the service no longer notifies systemd's watchdog, which kills and restarts it. Must be longer than the slowest single answer.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromMinutes(5);

    [Description("How often statistics are published.")]
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan StatsEvery { get; set; } = TimeSpan.FromSeconds(30);
}
