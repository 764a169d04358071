using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Labels.Teaching;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Http.Api;

namespace MobileVlm.Edge.Actors;

/// <content>Labels, and questions that are taught from them.</content>
public sealed partial class EdgeSystem
{
    private readonly TeachingService _teaching;

    /// <summary>Labels stored frames, for the HTTP server and for commands.</summary>
    public LabelService Labels { get; }

    /// <summary>Teaches questions from their labels, for the HTTP server.</summary>
    public ITeachingService Teaching => _teaching;

    private TeachingService CreateTeaching() => new(
        Labels,
        new LabelLearner(Labels.Disk, _storedFrames, cancel => Engine.AnswerAsync(answerer => answerer.AvailableFeatures, cancel)),
        _settings.StateFolder is { } folder ? new TaughtFolder(Path.Combine(folder, EdgeSettings.TaughtFolderName)) : null,
        _dependencies.ToTaught,
        _time,
        _loggers.CreateLogger<TeachingService>());
}
