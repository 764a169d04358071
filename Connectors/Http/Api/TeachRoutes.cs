using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes that teach a question from its labels.</summary>
internal sealed class TeachRoutes(HttpServices services, RequestBody bodies)
{
    /// <summary>The member of a question's definition that names its taught file.</summary>
    private const string TaughtKey = "Taught";

    private const string Question = "/api/v1/cameras/{camera}/questions/{question}";

    private ITeachingService Service => services.Started(services.Teaching);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, $"{Question}/teach", AccessLevel.Read, ErrorForm.Object, context =>
            context.WriteJsonAsync(Describe(Service.State(context.Values[0], context.Values[1])))),
        new(HttpMethods.Post, $"{Question}/teach", AccessLevel.Full, ErrorForm.Object, async context =>
            await context.WriteJsonAsync(
                Describe(await Service.TeachAsync(context.Values[0], context.Values[1], context.Stopping)), StatusCodes.Status202Accepted)),
        new(HttpMethods.Delete, $"{Question}/teach", AccessLevel.Full, ErrorForm.Object, context =>
            context.WriteJsonAsync(Describe(Service.Cancel(context.Values[0], context.Values[1])))),
        new(HttpMethods.Get, $"{Question}/taught", AccessLevel.Read, ErrorForm.Object, WriteVersionsAsync),
        new(HttpMethods.Put, $"{Question}/taught", AccessLevel.Full, ErrorForm.Object, UseAsync),
    ];

    private async Task WriteVersionsAsync(RouteContext context)
    {
        var (camera, question) = (context.Values[0], context.Values[1]);
        var taught = await Service.VersionsAsync(camera, question, context.Stopping);
        var used = services.Started(services.Questions).List(camera).FirstOrDefault(it => (string?)it?["id"] == question)?[TaughtKey];
        await context.WriteJsonAsync(Describe(taught, (string?)used));
    }

    private async Task UseAsync(RouteContext context)
    {
        var editor = services.Started(services.Questions);
        var (camera, question) = (context.Values[0], context.Values[1]);
        var number = await bodies.ReadJsonAsync(
            context,
            body => body.ValueKind == JsonValueKind.Object && body.TryGetProperty("version", out _) ? body.Whole("version", 1, int.MaxValue)
                : throw HttpFailureException.Invalid("version", "'version' is missing; send {\"version\":1}, for example, or null for the model's own score"),
            RequestBody.MaxShortBytes);
        var versions = (await Service.VersionsAsync(camera, question, context.Stopping)).Versions;
        var file = number is null ? null : versions.FirstOrDefault(version => version.Number == number)?.File ?? throw HttpFailureException.NotFound(
            versions.Count == 0 ? $"nothing was taught of '{question}' yet; POST .../teach does" : $"there is no version {number}; there are {string.Join(", ", versions.Select(version => version.Number))}");
        await Task.Run(() => editor.UseTaught(camera, question, file), context.Stopping);
        await WriteVersionsAsync(context);
    }

    private static JsonObject Describe(LearningState state) => new()
    {
        ["status"] = Word(state.Status),
        ["teaching"] = state.IsTeaching,
        ["done"] = state.Done,
        ["total"] = state.Total,
        ["reason"] = state.Reason,
        ["result"] = state.Result is { } result ? Describe(result) : null,
    };

    private static JsonObject Describe(LearnedResult result) => new()
    {
        ["at"] = result.At,
        ["labels"] = LabelBody.Describe(result.Labels),
        ["chosen"] = result.Chosen,
        ["estimate"] = Describe(result.Estimate),
        ["plainAccuracy"] = result.PlainAccuracy,
        ["suspects"] = new JsonArray([.. result.Suspects.Select(id => (JsonNode)id)]),
        ["unreadable"] = new JsonArray([.. result.Unreadable.Select(id => (JsonNode)id)]),
        ["version"] = result.Version,
    };

    private static JsonObject Describe(TaughtVersions taught, string? used) => new()
    {
        ["used"] = taught.Versions.FirstOrDefault(version => version.File == used)?.Number,
        ["file"] = used,
        ["versions"] = new JsonArray([.. taught.Versions.Select(version => new JsonObject
        {
            ["version"] = version.Number,
            ["at"] = version.At,
            ["chosen"] = version.Chosen,
            ["labels"] = LabelBody.Describe(version.Labels),
            ["estimate"] = version.Estimate is { } estimate ? Describe(estimate) : null,
        })]),
    };

    private static JsonObject Describe(LearnedEstimate estimate) =>
        new() { ["accuracy"] = estimate.Accuracy, ["low"] = estimate.Low, ["high"] = estimate.High };

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
