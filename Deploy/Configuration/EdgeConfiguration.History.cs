using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Settings of the history on disk.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>The file with the key that signs addresses; null without a state folder.</summary>
    public string? AddressKey => StateFolder is { } folder ? Path.Combine(folder, StateLayout.AddressKey) : null;

    /// <summary>Where labelled frames are stored; null without a state folder.</summary>
    public LabelFiles? ToLabels() => StateFolder is { } folder ? new LabelFiles(Path.Combine(folder, StateLayout.LabelsFolder), Teacher.MostLabels, new FileSteps()) : null;

    /// <summary>The settings of the history; null if none is kept.</summary>
    public HistorySettings? ToHistorySettings() => Options.History.Folder is not { } folder ? null : new HistorySettings
    {
        Folder = FullPath(folder),
        MaxBytes = Options.History.MaxMegabytes * 1_000_000L,
        MaxAge = TimeSpan.FromDays(Options.History.MaxDays),
        MinFreeBytes = Options.History.MinFreeMegabytes * 1_000_000L,
    };

    /// <summary>The settings of clips; null if no history is kept.</summary>
    public ClipSettings? ToClipSettings() => Options.History.Folder is null ? null : new ClipSettings
    {
        Before = Options.History.ClipBefore,
        After = Options.History.ClipAfter,
        FfmpegPath = ToProgram(Options.Tools.Ffmpeg),
    };
}
