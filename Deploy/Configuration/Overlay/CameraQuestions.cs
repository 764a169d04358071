using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Overlay;

/// <summary>The questions of one camera as an HTTP client sees them: their definitions, and which of them were set over HTTP.</summary>
internal sealed class CameraQuestions
{
    private readonly string _camera;
    private readonly Dictionary<string, QuestionOptions> _questions;
    private readonly Dictionary<string, OverlayUse> _uses;

    private CameraQuestions(string camera, Dictionary<string, QuestionOptions> questions, Dictionary<string, OverlayUse> uses) =>
        (_camera, _questions, _uses) = (camera, questions, uses);

    /// <summary>Number of questions that are asked.</summary>
    public int Count => _questions.Count;

    /// <summary>The questions of a camera.</summary>
    /// <exception cref="HttpFailureException">The camera is not configured.</exception>
    public static CameraQuestions Of(EdgeConfiguration configuration, string camera)
    {
        var cameras = configuration.Options.Cameras;
        return cameras.TryGetValue(camera, out var options)
            ? new CameraQuestions(
                camera,
                options.Questions,
                configuration.OverlayUses.Where(use => use.Key.Camera == camera).ToDictionary(use => use.Key.Question, StringComparer.OrdinalIgnoreCase))
            : throw HttpFailureException.UnknownCamera(camera, cameras.Keys);
    }

    /// <summary>A question that does not exist any more.</summary>
    public static JsonObject Gone(string question) => Deleted(question, null);

    /// <summary>All questions, then the deleted ones.</summary>
    public JsonArray List() =>
    [
        .. _questions.Keys.Select(Describe),
        .. _uses.Values.Where(use => use.Effect == OverlayEffect.Deletes).Select(use => Deleted(use.Key.Question, use.InFile)),
    ];

    /// <summary>The question's name as it is spelled; null if there is none.</summary>
    public string? Find(string question) =>
        _questions.Keys.FirstOrDefault(name => name.Equals(question, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the configuration file has a question that exists.</summary>
    public bool IsInFile(string question) => !_uses.TryGetValue(question, out var use) || use.InFile is not null;

    /// <summary>The definition of a question, with where it comes from.</summary>
    public JsonObject Describe(string question)
    {
        var document = QuestionDocument.Of(_questions[question]);
        document.Insert(0, "id", question);
        var use = _uses.GetValueOrDefault(question) is { Effect: not OverlayEffect.Unused } used ? used : null;
        document["source"] = use is null ? "file" : "overlay";
        if (use is not null)
        {
            document["overrides"] = use.Effect == OverlayEffect.Overrides;
        }

        return document;
    }

    /// <summary>A question that was deleted, with the definition that the file has.</summary>
    public JsonObject DescribeDeleted(string question) => Deleted(question, _uses.GetValueOrDefault(question)?.InFile);

    /// <summary>The error for a question that does not exist.</summary>
    public HttpFailureException Unknown(string question) => HttpFailureException.UnknownQuestion(_camera, question, _questions.Keys);

    private static JsonObject Deleted(string question, QuestionOptions? inFile)
    {
        var document = inFile is null ? [] : QuestionDocument.Of(inFile);
        document.Insert(0, "id", question);
        (document["source"], document["overrides"], document["deleted"]) = ("overlay", inFile is not null, true);
        return document;
    }
}
