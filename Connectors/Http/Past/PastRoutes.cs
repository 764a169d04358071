using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Past;

/// <summary>Other thresholds on stored answers, other wordings on stored frames, and the parts of a picture that carry an answer.</summary>
internal sealed class PastRoutes(HttpServices services, RequestBody bodies)
{
    private const string TryOuts = "/api/v1/tryouts";
    private const string TryOut = $"{TryOuts}/{{tryout}}";

    /// <summary>Larger numbers cannot be written exactly in JSON.</summary>
    private const double MaxSnapshot = 1L << 53;

    private const string Explanations = "/api/v1/why";
    private const string Explanation = $"{Explanations}/{{why}}";

    private IPastService Past => services.Started(services.Past);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, "/api/v1/history/whatif", AccessLevel.Read, ErrorForm.Object, WhatIfAsync),
        new(HttpMethods.Get, TryOuts, AccessLevel.Read, ErrorForm.Object, context => context.WriteJsonAsync(new JsonObject
        {
            ["tryouts"] = new JsonArray([.. Past.TryOuts.Select(PastDocuments.Describe)]),
        })),
        new(HttpMethods.Post, TryOuts, AccessLevel.Full, ErrorForm.Object, StartAsync),
        new(HttpMethods.Get, TryOut, AccessLevel.Read, ErrorForm.Object, ResultAsync),
        new(HttpMethods.Delete, TryOut, AccessLevel.Full, ErrorForm.Object, context => context.WriteJsonAsync(PastDocuments.Describe(Past.EndTryOut(context.Values[0])))),
        new(HttpMethods.Post, Explanations, AccessLevel.Full, ErrorForm.Object, StartExplanationAsync),
        new(HttpMethods.Get, Explanation, AccessLevel.Read, ErrorForm.Object, context => context.WriteJsonAsync(PastDocuments.Describe(Past.Explanation(context.Values[0])))),
        new(HttpMethods.Get, $"{Explanation}/picture.jpg", AccessLevel.Read, ErrorForm.Object, context =>
            context.WriteUnlessKnownAsync($"\"{context.Values[0]}\"", "image/jpeg", Past.ExplanationPicture(context.Values[0]))),
        new(HttpMethods.Delete, Explanation, AccessLevel.Full, ErrorForm.Object, context => context.WriteJsonAsync(PastDocuments.Describe(Past.EndExplanation(context.Values[0])))),
    ];

    /// <summary>The thresholds of a request.</summary>
    /// <exception cref="HttpFailureException">One is not a number from 0 to 1.</exception>
    internal static PastThresholds ThresholdsOf(RouteContext context) => Checked(new PastThresholds(
        Threshold(context, "yesAbove"), Threshold(context, "noBelow"), Threshold(context, "minScore")));

    /// <exception cref="HttpFailureException">The least score of yes is below the largest of no.</exception>
    internal static PastThresholds Checked(PastThresholds thresholds) => thresholds.NoBelow > thresholds.YesAbove
        ? throw HttpFailureException.Invalid("noBelow", "'noBelow' is above 'yesAbove'; a score cannot be both yes and no")
        : thresholds;

    /// <summary>The time of a request: the day before now unless it says otherwise.</summary>
    /// <exception cref="HttpFailureException">It ends before it begins.</exception>
    internal static (DateTimeOffset From, DateTimeOffset To) SpanOf(DateTimeOffset? from, DateTimeOffset? to, TimeProvider time)
    {
        var end = to ?? time.GetUtcNow();
        var begin = from ?? end - TimeSpan.FromDays(1);
        return begin < end ? (begin, end) : throw HttpFailureException.Invalid("from", "'from' is not before 'to'");
    }

    private static double? Threshold(RouteContext context, string name) =>
        context.Text(name) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1 ? number
        : throw HttpFailureException.Invalid(name, $"'{name}' is not a number from 0 to 1");

    private async Task WhatIfAsync(RouteContext context)
    {
        HistoryRoutes.Of(services);
        var (from, to) = SpanOf(context.Moment("from"), context.Moment("to"), services.Time);
        var query = new WhatIfQuery(context.RequiredText("camera"), context.RequiredText("question"), from, to, ThresholdsOf(context));
        var result = await HistoryRoutes.ReadAsync(Past.WhatIfAsync(query, context.Stopping));
        await context.WriteJsonAsync(PastDocuments.Describe(query, result));
    }

    private async Task StartAsync(RouteContext context)
    {
        HistoryRoutes.Of(services);
        var request = await bodies.ReadJsonAsync(context, body => TryOutBody.Read(body, services.Time), RequestBody.MaxShortBytes);
        var started = await HistoryRoutes.ReadAsync(Past.StartTryOutAsync(request, context.Stopping));
        await context.WriteJsonAsync(PastDocuments.Describe(started), StatusCodes.Status202Accepted);
    }

    private async Task StartExplanationAsync(RouteContext context)
    {
        var request = await bodies.ReadJsonAsync(
            context,
            body => new ExplanationRequest(
                body.Text("camera") ?? throw HttpFailureException.Invalid("camera", "'camera' is missing"),
                body.Text("question") ?? throw HttpFailureException.Invalid("question", "'question' is missing; name a standing question of the camera"),
                (long?)body.Number("snapshot", 1, MaxSnapshot),
                body.Whole("grid", ExplanationLimits.MinGrid, ExplanationLimits.MaxGrid) ?? ExplanationLimits.UsualGrid),
            RequestBody.MaxShortBytes);
        var started = await HistoryRoutes.ReadAsync(Past.StartExplanationAsync(request, context.Stopping));
        await context.WriteJsonAsync(PastDocuments.Describe(started), StatusCodes.Status202Accepted);
    }

    // The rules are applied to up to 500 answers, which takes less than a millisecond.
    private Task ResultAsync(RouteContext context) => context.WriteJsonAsync(PastDocuments.Describe(Past.TryOutResult(
        context.Values[0], context.Whole("wording", 0, TryOutLimits.MaxWordings - 1) ?? 0, ThresholdsOf(context))));
}
