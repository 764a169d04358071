using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The routes of the own API that show and switch the mode and snooze questions.</summary>
internal sealed class ModeRoutes(HttpServices services, RequestBody bodies)
{
    private const string Prefix = "/api/v1";

    private static readonly TimeSpan WhileLoading = TimeSpan.FromSeconds(5);

    private ICameraService Cameras => services.Cameras()
        ?? throw HttpFailureException.Unavailable(services.NotReady() ?? "the service is still starting", WhileLoading);

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
            body.Text("mode") ?? throw HttpFailureException.Invalid("mode", "'mode' is not a text; send {\"mode\":\"away\"}, for example"));
        if (!modes.TrySwitch(mode))
        {
            throw HttpFailureException.Invalid("mode", modes.All.Count == 0
                ? "no modes are configured; MobileVlm:Modes in the configuration file defines them"
                : $"there is no such mode; {string.Join(", ", modes.All)} would be accepted");
        }

        await WriteModesAsync(context);
    }

    private async Task SnoozeAsync(RouteContext context)
    {
        var (cameras, camera, question) = (Cameras, context.Values[0], context.Values[1]);
        var hours = await bodies.ReadJsonAsync(context, body =>
            body.Number("hours", 0, cameras.Modes.MaxSnoozeHours)
            ?? throw HttpFailureException.Invalid("hours", string.Create(
                CultureInfo.InvariantCulture, $"'hours' is missing; a number from 0 to {cameras.Modes.MaxSnoozeHours} would be accepted, and 0 ends the snooze")));
        if (!cameras.Modes.TrySnooze(camera, question, TimeSpan.FromHours(hours), out var until))
        {
            throw HttpFailureException.NotFound(cameras.Cameras.FirstOrDefault(it => it.Id == camera) is { } known
                ? $"the camera '{camera}' has no question '{question}'; its questions are {string.Join(", ", known.Questions.Select(it => it.Id))}"
                : $"the camera '{camera}' is not configured; the configuration has {string.Join(", ", cameras.Cameras.Select(it => it.Id))}");
        }

        await context.WriteJsonAsync(new JsonObject
        {
            ["camera"] = camera,
            ["question"] = question,
            ["snoozedUntil"] = until is { } end ? JsonValue.Create(end) : null,
        });
    }
}
