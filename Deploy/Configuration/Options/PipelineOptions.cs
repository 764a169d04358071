using System.ComponentModel;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Pipeline</c>.</summary>
internal sealed class PipelineOptions
{
    [Description("Looks at the next picture while the last one is thought about. Helps with two devices or cores to spare.")]
    [DefaultText("by the target: off on `cpu`")]
    public bool? Overlap { get; set; }

    [Description("A picture older than this is not worth an answer.")]
    [TimeRange("00:00:00.1", "01:00:00")]
    public TimeSpan MaxFrameAge { get; set; } = TimeSpan.FromSeconds(5);

    [Description("How often the engine may fail within `RestartWindow` before the process exits with 1.")]
    [NumberRange(0, 1000)]
    public int Restarts { get; set; } = 5;

    [Description("The sliding window in which `Restarts` are counted.")]
    [TimeRange("00:00:01", "7.00:00:00")]
    public TimeSpan RestartWindow { get; set; } = TimeSpan.FromMinutes(10);

    [Description("Longest stop. An answer in progress has the first half to finish.")]
    [TimeRange("00:00:01", "00:05:00")]
    public TimeSpan StopWithin { get; set; } = TimeSpan.FromSeconds(10);

    [Description("When nothing has moved in the pipeline for so long, systemd's watchdog is not fed any more and the service is "
        + "killed and started again. Longer than the slowest single answer.")]
    [TimeRange("00:00:01", "01:00:00")]
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromMinutes(5);

    [Description("How often statistics are published.")]
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan StatsEvery { get; set; } = TimeSpan.FromSeconds(30);
}
