using System.Text;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>Records changes of questions; the camera <c>gate</c> has the question <c>person</c>.</summary>
internal sealed class FakeQuestions : IQuestionEditor
{
    public List<string> Done { get; } = [];

    public JsonArray List(string camera) => camera == "gate"
        ? [Person()]
        : throw HttpFailureException.NotFound($"the camera '{camera}' is not configured");

    private JsonObject Person()
    {
        var question = new JsonObject { ["id"] = "person", ["Ask"] = "Is there a person?", ["Answer"] = "YesNo", ["source"] = "file" };
        if (Taught is not null)
        {
            question[nameof(Taught)] = Taught;
        }

        return question;
    }

    public ChangedQuestion Set(string camera, string question, ReadOnlyMemory<byte> definition)
    {
        Done.Add($"set {camera}/{question} {Encoding.UTF8.GetString(definition.Span)}");
        return new ChangedQuestion(new JsonObject { ["id"] = question, ["source"] = "overlay", ["overrides"] = question == "person" }, question != "person");
    }

    /// <summary>The taught file of <c>gate/person</c>.</summary>
    public string? Taught { get; private set; }

    public JsonObject UseTaught(string camera, string question, string? file)
    {
        Taught = file;
        Done.Add($"use {camera}/{question} {file ?? "nothing"}");
        return new JsonObject { ["id"] = question };
    }

    public JsonObject Delete(string camera, string question)
    {
        Done.Add($"delete {camera}/{question}");
        return new JsonObject { ["id"] = question, ["deleted"] = true };
    }

    public JsonObject Reset(string camera, string question)
    {
        Done.Add($"reset {camera}/{question}");
        return new JsonObject { ["id"] = question, ["source"] = "file" };
    }

    public QuestionExport Export() => new(new JsonObject { ["MobileVlm"] = new JsonObject() }, ["gate/car", "yard/dog"]);
}

/// <summary>Records what was tried out; the source <c>rtsp://dead</c> gives no frame, and questions with <c>nobody</c> a warning.</summary>
internal sealed class FakeSetup : ISetupTools
{
    public List<string> Done { get; } = [];

    public Task<JsonObject> CheckConfigurationAsync(ReadOnlyMemory<byte> file, CancellationToken cancel)
    {
        Done.Add($"check {Encoding.UTF8.GetString(file.Span)}");
        return Task.FromResult(new JsonObject { ["ok"] = true, ["errors"] = new JsonArray(), ["warnings"] = new JsonArray() });
    }

    public IReadOnlyList<QuestionRemark> CheckQuestion(string text)
    {
        Done.Add($"question {text}");
        return text.Contains("nobody", StringComparison.Ordinal) ? [new("negation", $"about '{text}'")] : [];
    }

    public Task<SourceTestResult> TestSourceAsync(string source, CancellationToken cancel)
    {
        Done.Add($"test {source}");
        return Task.FromResult(source == "rtsp://dead"
            ? new SourceTestResult(TimeSpan.FromSeconds(1.25), null, "rtsp://dead (ffmpeg): refused")
            : new SourceTestResult(TimeSpan.FromSeconds(0.5), new TestedFrame(640, 480, FakeCameras.Jpeg), null));
    }
}
