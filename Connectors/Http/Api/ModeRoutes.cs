using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes of the REST API that show and switch the mode and snooze questions.</summary>
internal sealed class ModeRoutes(HttpServices services, RequestBody bodies)
{
    private const string Prefix = "/api/v1";

    private ICameraService Cameras => services.Started(services.Cameras);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, $"{Prefix}/modes", AccessLevel.Read, ErrorForm.Object, WriteModesAsync),
        new(HttpMethods.Put, $"{Prefix}/mode", AccessLevel.Full, ErrorForm.Object, SwitchAsync),
        new(HttpMethods.Put, $"{Prefix}/cameras/{{camera}}/questions/{{question}}/snooze", AccessLevel.Full, ErrorForm.Object, SnoozeAsync),
    ];

    private Task WriteModesAsync(RouteContext context)
    {
        var modes = Cameras.Modes;
        return context.WriteJsonAsync(new JsonObject
        {
            ["current"] = modes.Current,
            ["modes"] = new JsonArray([.. modes.All.Select(mode => (JsonNode)mode)]),
        });
    }

    private async Task SwitchAsync(RouteContext context)
    {
        var modes = Cameras.Modes;
        var mode = await bodies.ReadJsonAsync(context, body =>
            body.Text("mode") ?? throw HttpFailureException.Invalid("mode", "'mode' is not a text; send {\"mode\":\"away\"}, for example"), RequestBody.MaxShortBytes);
        if (!modes.TrySwitch(mode))
        {
            throw HttpFailureException.Invalid("mode", modes.All.Count == 0
                ? "no modes are configured; MobileVlm:Modes in the configuration file defines them"
                : $"the mode '{HttpFailureException.Shown(mode)}' is not configured; configured are {string.Join(", ", modes.All)}");
        }

        await WriteModesAsync(context);
    }

    private async Task SnoozeAsync(RouteContext context)
    {
        var (cameras, camera, question) = (Cameras, context.Values[0], context.Values[1]);
        var most = cameras.Modes.MaxSnooze.TotalHours;
        var hours = await bodies.ReadJsonAsync(
            context,
            body => body.Number("hours", 0, most) ?? throw HttpFailureException.Invalid("hours", string.Create(
                CultureInfo.InvariantCulture, $"'hours' is missing; a number from 0 to {most} would be accepted, and 0 ends the snooze")),
            RequestBody.MaxShortBytes);
        if (!cameras.Modes.TrySnooze(camera, question, TimeSpan.FromHours(hours), out var until))
        {
            throw cameras.Find(camera).UnknownQuestion(question);
        }

        await context.WriteJsonAsync(new JsonObject
        {
            ["camera"] = camera,
            ["question"] = question,
            ["snoozedUntil"] = until is { } end ? JsonValue.Create(end) : null,
        });
    }
}
