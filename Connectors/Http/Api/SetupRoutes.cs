using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes that try out a configuration, a camera source or the words of a question. They need a full token: the first two read files
/// of the device and connect to addresses of its network, and the third is for people who may change questions.</summary>
internal sealed class SetupRoutes(HttpServices services, RequestBody bodies)
{
    private ISetupTools Tools => services.Started(services.Setup);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Post, "/api/v1/config/check", AccessLevel.Full, ErrorForm.Object, CheckAsync),
        new(HttpMethods.Post, "/api/v1/sources/test", AccessLevel.Full, ErrorForm.Object, TestAsync),
        new(HttpMethods.Post, "/api/v1/questions/check", AccessLevel.Full, ErrorForm.Object, CheckQuestionAsync),
    ];

    private async Task CheckAsync(RouteContext context)
    {
        var tools = Tools;
        var file = await bodies.ReadAsync(context, body => body, RequestBody.MaxDocumentBytes);
        await context.WriteJsonAsync(await tools.CheckConfigurationAsync(file, context.Stopping));
    }

    private async Task CheckQuestionAsync(RouteContext context)
    {
        var tools = Tools;
        var text = await bodies.ReadJsonAsync(context, body => body.Text("ask")
            ?? throw HttpFailureException.Invalid("ask", "'ask' is missing; send {\"ask\":\"Is the gate open?\"}, for example"), RequestBody.MaxShortBytes);
        await context.WriteJsonAsync(new JsonObject
        {
            ["warnings"] = new JsonArray(
                [.. tools.CheckQuestion(text).Select(it => new JsonObject { ["kind"] = it.Kind, ["message"] = it.Message })]),
        });
    }

    private async Task TestAsync(RouteContext context)
    {
        var tools = Tools;
        var source = await bodies.ReadJsonAsync(context, body => body.Text("source")
            ?? throw HttpFailureException.Invalid("source", "'source' is missing; send {\"source\":\"rtsp://user:password@camera/stream\"}, for example"), RequestBody.MaxShortBytes);
        var result = await tools.TestSourceAsync(source, context.Stopping);
        var document = new JsonObject { ["ok"] = result.Frame is not null };
        if (result.Frame is { } frame)
        {
            (document["width"], document["height"]) = (frame.Width, frame.Height);
        }
        else
        {
            document["reason"] = result.Reason;
        }

        document["elapsedMs"] = Math.Round(result.Elapsed.TotalMilliseconds);
        if (result.Frame is { } shown)
        {
            document["image"] = $"data:image/jpeg;base64,{Convert.ToBase64String(shown.Jpeg.Span)}";
        }

        await context.WriteJsonAsync(document);
    }
}
