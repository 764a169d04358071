using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Deploy.Configuration.Taught;

/// <summary>The taught file that a question names, as it was when the configuration was read.</summary>
internal sealed class TaughtSetting
{
    private const string Consequence = "The model's own score counts.";

    private readonly TaughtQuestion? _taught;
    private readonly string _digest;
    private readonly string? _fault;
    private readonly TaughtAnswerer _answerer;

    private TaughtSetting(string path, TaughtAnswerer answerer, TaughtQuestion? taught, string digest, string? fault) =>
        (Path, _answerer, _taught, _digest, _fault) = (path, answerer, taught, digest, fault);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How well it answers, for people; null for a file that cannot be read.</summary>
    public string? Estimate
    {
        get
        {
            var estimate = _answerer == TaughtAnswerer.Model ? _taught?.Estimate : _taught?.Encoder?.Estimate ?? _taught?.Estimate;
            return estimate is null ? null : string.Create(
                System.Globalization.CultureInfo.InvariantCulture, $"{estimate.Accuracy:P0} correct expected ({estimate.Low:P0} to {estimate.High:P0})");
        }
    }

    /// <summary>Reads the file. One that cannot be used is no error: the question is asked without it.</summary>
    /// <param name="path">The file, as a full path.</param>
    /// <param name="answerer">Who answers.</param>
    public static TaughtSetting Read(string path, TaughtAnswerer answerer)
    {
        try
        {
            var taught = TaughtFile.Read(path, out var digest);
            return new TaughtSetting(path, answerer, taught, digest, null);
        }
        catch (TaughtFileException fault)
        {
            return new TaughtSetting(path, answerer, null, "", fault.Reason);
        }
    }

    /// <summary>The scoring of a question by a model.</summary>
    /// <param name="question">The question.</param>
    /// <param name="model">The model that answers; null where it cannot be read, or is on other hosts.</param>
    /// <param name="isInCluster">Whether other hosts may answer, too.</param>
    public TaughtScoring For(StandingQuestion question, ModelManifest? model, bool isInCluster) =>
        FindProblem(question, model, isInCluster) is { } problem
            ? TaughtScoring.Unusable($"'{System.IO.Path.GetFileName(Path)}' is not used: {problem} {Consequence}")
            : TaughtScoring.Using(_taught!.ToScorer(_answerer), _digest);

    private string? FindProblem(StandingQuestion question, ModelManifest? model, bool isInCluster) =>
        _taught is null ? _fault
        : isInCluster ? "the hosts of a cluster score all questions with the model alone. Take Taught out of the question, or answer it on a host without Cluster:Nodes."
        : model is null ? "the model cannot be read, so that it is not known whether the file belongs to it."
        : TaughtFile.FindDifference(_taught, model, TextOf(question, model)) is { } difference ? $"{difference} Teach the question again."
        : null;

    private static TaughtText TextOf(StandingQuestion question, ModelManifest model) => new(
        (AnswerHandler.Of(question.Kind).ToModelQuestion(question.Text, question.Choices, question.MaxTokens) with { Suffix = question.Suffix }).PromptFor(model),
        question.Choices,
        question.Region?.ToText());
}
