using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes that teach a question from its labels.</summary>
internal sealed class TeachRoutes(HttpServices services)
{
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
        new(HttpMethods.Get, $"{Question}/taught", AccessLevel.Read, ErrorForm.Object, async context =>
            await context.WriteJsonAsync(Describe(await Service.VersionsAsync(context.Values[0], context.Values[1], context.Stopping)))),
    ];

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

    private static JsonObject Describe(TaughtVersions taught) => new()
    {
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
