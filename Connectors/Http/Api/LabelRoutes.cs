using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes of labels.</summary>
internal sealed class LabelRoutes(HttpServices services, RequestBody bodies)
{
    private const string Labels = "/api/v1/cameras/{camera}/questions/{question}/labels";
    /// <summary>Most proposals of one request.</summary>
    private const int MaxProposals = 24;

    private const string Label = $"{Labels}/{{label}}";

    private ILabelService Service => services.Started(services.Labels);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, Labels, AccessLevel.Read, ErrorForm.Object, ListAsync),
        new(HttpMethods.Put, Labels, AccessLevel.Full, ErrorForm.Object, SetAsync),
        new(HttpMethods.Get, $"{Labels}/proposals", AccessLevel.Read, ErrorForm.Object, ProposeAsync),
        new(HttpMethods.Delete, Label, AccessLevel.Full, ErrorForm.Object, RemoveAsync),
        new(HttpMethods.Get, $"{Label}/picture.jpg", AccessLevel.Read, ErrorForm.Object, PictureAsync),
    ];

    private async Task ListAsync(RouteContext context)
    {
        var (camera, question) = (context.Values[0], context.Values[1]);
        var list = await Service.ListAsync(camera, question, context.Stopping);
        await context.WriteJsonAsync(LabelBody.Describe(list));
    }

    private async Task ProposeAsync(RouteContext context)
    {
        var limit = context.Whole("limit", 1, MaxProposals);
        var frames = await Service.ProposeAsync(context.Values[0], context.Values[1], limit, context.Stopping);
        await context.WriteJsonAsync(new JsonObject
        {
            ["proposals"] = new JsonArray([.. frames.Select(frame => new JsonObject
            {
                ["snapshot"] = frame.Snapshot.Id,
                ["at"] = frame.Snapshot.At,
                ["frame"] = frame.Snapshot.Frame,
                ["score"] = frame.Score,
                ["why"] = JsonNamingPolicy.CamelCase.ConvertName(frame.Why.ToString()),
                ["path"] = HistoryRoutes.PathOf(frame.Snapshot.Id),
            })]),
        });
    }

    private async Task SetAsync(RouteContext context)
    {
        var service = Service;
        var request = await bodies.ReadJsonAsync(
            context, body => LabelBody.Read(body, context.Values[0], context.Values[1], LabelSource.Http), RequestBody.MaxShortBytes);
        await context.WriteJsonAsync(LabelBody.Describe(await service.SetAsync(request, context.Stopping)));
    }

    private async Task RemoveAsync(RouteContext context)
    {
        var (camera, question, id) = (context.Values[0], context.Values[1], context.Values[2]);
        var request = new LabelRequest(camera, question, new LabelFrame { Id = id }, LabelRequest.Clear, LabelSource.Http);
        await context.WriteJsonAsync(LabelBody.Describe(await Service.SetAsync(request, context.Stopping)));
    }

    private async Task PictureAsync(RouteContext context)
    {
        var jpeg = await Service.PictureAsync(context.Values[0], context.Values[1], context.Values[2], context.Stopping);
        await context.Http.WriteBodyAsync(StatusCodes.Status200OK, "image/jpeg", jpeg, context.Stopping);
    }
}
