using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Deploy.Configuration.Taught;

/// <summary>What became of the taught file that a question names.</summary>
/// <param name="Key">The question.</param>
/// <param name="Setting">The file.</param>
/// <param name="Scoring">Whether it is used.</param>
internal sealed record TaughtUse(QuestionKey Key, TaughtSetting Setting, TaughtScoring Scoring);

/// <summary>The taught files of all questions, read together with the configuration.</summary>
internal sealed class TaughtSettings
{
    private readonly EdgeOptions _options;
    private readonly Dictionary<QuestionKey, TaughtSetting> _settings;
    private readonly ModelManifest? _model;

    private TaughtSettings(EdgeOptions options, Dictionary<QuestionKey, TaughtSetting> settings, ModelManifest? model) =>
        (_options, _settings, _model) = (options, settings, model);

    /// <summary>Reads the files. One that is not used is a warning, because the question can be asked without it.</summary>
    /// <param name="options">Validated options, apart from the paths of the files.</param>
    /// <param name="folder">The folder in which relative paths start.</param>
    /// <param name="stateFolder">The state folder; null where there is none.</param>
    /// <param name="model">The model in the configured folder; null if it cannot be read.</param>
    /// <param name="problems">Receives problems and warnings.</param>
    public static TaughtSettings Read(EdgeOptions options, string folder, string? stateFolder, ModelManifest? model, ProblemList problems)
    {
        var settings = new Dictionary<QuestionKey, TaughtSetting>();
        foreach (var (key, asked, path) in
            from camera in options.Cameras
            from question in camera.Value.Questions
            where question.Value.Taught is not null
            select (new QuestionKey(camera.Key, question.Key), question.Value, Path.GetFullPath(question.Value.Taught!, folder)))
        {
            var name = NameOf(key);
            if (problems.IsSetBy(name, OverlayMerge.Origin) && !IsWithin(path, folder) && !(stateFolder is not null && IsWithin(path, stateFolder)))
            {
                // Clients must not find out which files a machine has.
                problems.Add(name, asked.Taught, "is outside of the folders of the configuration and of StateFolder, where a file that is named over HTTP must be");
                continue;
            }

            settings[key] = TaughtSetting.Read(path, asked.Answerer ?? TaughtAnswerer.Model);
        }

        return new TaughtSettings(options, settings, model);
    }

    /// <summary>Adds a warning for each file that is not used.</summary>
    public void Warn(ProblemList problems)
    {
        foreach (var use in Uses(_model).Where(use => use.Scoring.Problem is not null))
        {
            problems.Warn(NameOf(use.Key), null, use.Scoring.Problem!);
        }
    }

    /// <summary>Whether a warning is one of <see cref="Warn"/>.</summary>
    public bool IsOwn(ConfigurationProblem warning) => _settings.Keys.Any(key => NameOf(key) == warning.Key);

    /// <summary>What became of each file.</summary>
    /// <param name="running">The model that is open; null for that in the configured folder.</param>
    public IReadOnlyList<TaughtUse> Uses(ModelManifest? running) =>
    [
        .. _settings.Select(it => new TaughtUse(
            it.Key,
            it.Value,
            Scoring(it.Value, QuestionMapping.ToQuestion(it.Key.Question, _options.Cameras[it.Key.Camera].Questions[it.Key.Question]), running))),
    ];

    /// <summary>A question with what was learned for it.</summary>
    /// <param name="camera">Its camera.</param>
    /// <param name="question">The question.</param>
    /// <param name="running">The model that is open; null for that in the configured folder.</param>
    public StandingQuestion With(string camera, StandingQuestion question, ModelManifest? running) =>
        _settings.TryGetValue(new QuestionKey(camera, question.Id), out var setting)
            ? question with { Taught = Scoring(setting, question, running) }
            : question;

    private TaughtScoring Scoring(TaughtSetting setting, StandingQuestion question, ModelManifest? running) =>
        setting.For(question, running ?? _model, isInCluster: _options.Cluster.Nodes.Count > 0);

    private static string NameOf(QuestionKey key) => $"{OverlayUse.ConfigurationKey(key)}:{nameof(QuestionOptions.Taught)}";

    private static bool IsWithin(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
