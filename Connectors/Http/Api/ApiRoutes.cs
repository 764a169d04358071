using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The REST API, below <c>/api/v1</c>. <c>openapi.json</c> beside this class describes it.</summary>
internal sealed class ApiRoutes(HttpServerSettings settings, HttpServices services, RequestBody bodies, AdmittedAsks asks)
{
    private const string Prefix = "/api/v1";

    private ICameraService Cameras => services.Started(services.Cameras);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, $"{Prefix}/cameras", AccessLevel.Read, ErrorForm.Object, ListAsync),
        new(HttpMethods.Get, $"{Prefix}/cameras/{{camera}}", AccessLevel.Read, ErrorForm.Object, ShowAsync),
        new(HttpMethods.Get, $"{Prefix}/cameras/{{camera}}/snapshot.jpg", AccessLevel.Read, ErrorForm.Object, SnapshotAsync),
        new(HttpMethods.Post, $"{Prefix}/cameras/{{camera}}/ask", AccessLevel.Full, ErrorForm.Object, AskCameraAsync),
        new(HttpMethods.Put, $"{Prefix}/cameras/{{camera}}/questions/{{question}}/enabled", AccessLevel.Full, ErrorForm.Object, SwitchAsync),
        new(HttpMethods.Post, $"{Prefix}/ask", AccessLevel.Full, ErrorForm.Object, AskPictureAsync),
        new(HttpMethods.Get, $"{Prefix}/events/stream", AccessLevel.Read, ErrorForm.Object, StreamAsync),
        new(HttpMethods.Get, $"{Prefix}/stats", AccessLevel.Read, ErrorForm.Object, context => context.WriteJsonAsync(MqttJson.Serialize(Cameras.Stats))),
        new(HttpMethods.Get, $"{Prefix}/openapi.json", AccessLevel.Read, ErrorForm.Object, context => context.WriteJsonAsync(EmbeddedFile.Read("Api.openapi.json"))),
    ];

    private Task ListAsync(RouteContext context) =>
        context.WriteJsonAsync(new JsonArray([.. Cameras.Cameras.Select(Describe)]));

    private Task ShowAsync(RouteContext context) => context.WriteJsonAsync(Describe(Cameras.Find(context.Values[0])));

    private async Task SnapshotAsync(RouteContext context)
    {
        var camera = Cameras.Find(context.Values[0]);
        if (await Cameras.SnapshotAsync(camera.Id, context.Stopping) is not { } snapshot)
        {
            throw HttpFailureException.Unavailable($"the camera '{camera.Id}' has delivered no picture yet", HttpServices.WhileLoading);
        }

        // The numbers of frames begin again at each start of the service, so only the bytes identify a picture.
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(snapshot.Jpeg.Span))[..32]}\"";
        await context.WriteUnlessKnownAsync(tag, "image/jpeg", snapshot.Jpeg);
    }

    private async Task AskCameraAsync(RouteContext context)
    {
        var camera = Cameras.Find(context.Values[0]);
        var questions = await bodies.ReadJsonAsync(context, AskBody.Read, RequestBody.MaxDocumentBytes);
        var answers = await asks.AskAsync(camera.Id, questions, context.Stopping);
        await WriteAnswersAsync(context, camera.Id, questions, answers);
    }

    private async Task AskPictureAsync(RouteContext context)
    {
        var questions = AskBody.Read(context.Http.Request.Query);

        // What refuses any picture does so before one is read.
        services.Started(services.Cameras);
        if (!services.Completion.Model.HasVision)
        {
            throw HttpFailureException.Invalid(null, $"the model '{services.Completion.Model.Id}' processes text only");
        }

        var picture = await bodies.ReadAsync(context, body => body);
        if (picture.IsEmpty)
        {
            throw HttpFailureException.Invalid(null, "the body is empty; send the picture file itself as the body");
        }

        var answers = await asks.AskAsync(picture, questions, context.Stopping);
        await WriteAnswersAsync(context, null, questions, answers);
    }

    private async Task SwitchAsync(RouteContext context)
    {
        var camera = Cameras.Find(context.Values[0]);
        var enabled = await bodies.ReadJsonAsync(context, body =>
            body.Flag("enabled") ?? throw HttpFailureException.Invalid("enabled", "'enabled' is neither true nor false"), RequestBody.MaxShortBytes);
        if (!Cameras.TrySwitch(camera.Id, context.Values[1], enabled))
        {
            throw camera.UnknownQuestion(context.Values[1]);
        }

        await context.WriteJsonAsync(new JsonObject { ["camera"] = camera.Id, ["question"] = context.Values[1], ["enabled"] = enabled });
    }

    private async Task StreamAsync(RouteContext context)
    {
        var lastId = context.Http.Request.Headers["Last-Event-ID"].FirstOrDefault();
        using var follower = services.Events.Follow(lastId)
            ?? throw HttpFailureException.Busy("too many clients follow the events already", HttpServices.WhileLoading);
        var stream = new StreamResponse(context);
        await stream.BeginEventsAsync();
        var empty = "{}"u8.ToArray();
        var pinged = services.Time.GetTimestamp();
        var waiting = NextAsync();
        while (true)
        {
            if (follower.MustResync)
            {
                follower.MustResync = false;
                await stream.WriteEventAsync(null, "resync", empty);
            }

            var left = settings.PingEvery - services.Time.GetElapsedTime(pinged);
            if (left <= TimeSpan.Zero)
            {
                await stream.WriteEventAsync(null, "ping", empty);
                pinged = services.Time.GetTimestamp();
                continue;
            }

            try
            {
                await waiting.WaitAsync(left, services.Time, context.Stopping);
            }
            catch (TimeoutException)
            {
                continue;
            }

            while (follower.Unread.TryRead(out var happened))
            {
                await stream.WriteEventAsync(happened.Id, happened.Name, happened.Json);
            }

            waiting = NextAsync();
        }

        Task<bool> NextAsync() => follower.Unread.WaitToReadAsync(context.Stopping).AsTask();
    }

    private async Task WriteAnswersAsync(
        RouteContext context, string? camera, IReadOnlyList<AskQuestion> questions, IReadOnlyList<AskAnswer> answers)
    {
        var documents = questions.Zip(answers).Select(it => Describe(camera, it.First, it.Second));
        await context.WriteJsonAsync(new JsonObject
        {
            ["model"] = services.Completion.Model.Id,
            ["answers"] = new JsonArray([.. documents]),
        });
    }

    private JsonObject Describe(string? camera, AskQuestion question, AskAnswer answer)
    {
        var document = DescribeAnswer(question, answer);
        document["tokenIds"] = Ids(answer.TokenIds);
        if (!services.Completion.Model.IsElsewhere)
        {
            var (before, after) = services.Completion.PromptIds(answer.Asked ?? question.Ask);
            document["promptTokenIds"] = new JsonObject { ["before"] = Ids(before), ["after"] = Ids(after) };
        }

        document["finish"] = answer.Finish;
        document["timings"] = new JsonObject
        {
            ["encodeMs"] = answer.Timings.EncodeMs,
            ["prefillMs"] = answer.Timings.PrefillMs,
            ["decodeMs"] = answer.Timings.DecodeMs,
        };
        if (camera is not null)
        {
            AddFrame(document, camera, answer);
        }

        return document;
    }

    /// <summary>An answer as every protocol shows it.</summary>
    internal static JsonObject DescribeAnswer(AskQuestion question, AskAnswer answer)
    {
        var document = new JsonObject
        {
            ["question"] = question.Ask,
            ["value"] = answer.Value,
            ["reason"] = answer.Reason,
            ["text"] = answer.Text,
            ["score"] = answer.Score,
            ["mass"] = answer.Mass,
        };
        if (answer.Host is { } host)
        {
            document["host"] = host;
        }

        if (answer.Scores is { } scores)
        {
            document["scores"] = new JsonObject([.. scores.Select(it => KeyValuePair.Create(it.Key, (JsonNode?)it.Value))]);
        }

        return document;
    }

    /// <summary>Adds the camera and the frame that an answer is about.</summary>
    internal static void AddFrame(JsonObject document, string camera, AskAnswer answer)
    {
        document["camera"] = camera;
        document["frame"] = answer.Frame;
        document["capturedAt"] = answer.CapturedAt is { } at ? JsonValue.Create(at) : null;
        document["ageMs"] = answer.Age?.TotalMilliseconds;
    }

    private static JsonArray Ids(IReadOnlyList<int> ids) => new([.. ids.Select(id => (JsonNode)id)]);

    /// <summary>A camera with its questions, as every route shows it.</summary>
    internal static JsonObject Describe(CameraView camera) => new()
    {
        ["id"] = camera.Id,
        ["online"] = camera.Online,
        ["lastFrameAt"] = camera.LastFrameAt is { } at ? JsonValue.Create(at) : null,
        ["ageMs"] = camera.Age?.TotalMilliseconds,
        ["questions"] = new JsonArray([.. camera.Questions.Select(Describe)]),
    };

    private static JsonObject Describe(QuestionView question)
    {
        var document = new JsonObject
        {
            ["id"] = question.Id,
            ["ask"] = question.Ask,
            ["answer"] = question.Answer,
            ["enabled"] = question.Enabled,
            ["state"] = question.State,
            ["value"] = question.Value,
            ["score"] = question.Score,
            ["mass"] = question.Mass,
            ["since"] = question.Since is { } since ? JsonValue.Create(since) : null,
            ["ageMs"] = question.Age?.TotalMilliseconds,
            ["waitsFor"] = question.WaitsFor,
            ["snoozedUntil"] = question.SnoozedUntil is { } until ? JsonValue.Create(until) : null,
        };
        if (question.ScoredBy is { } scorer)
        {
            document["scoredBy"] = scorer;
        }

        if (question.TaughtProblem is { } problem)
        {
            document["taughtProblem"] = problem;
        }

        if (question.TaughtDrift is { } drift)
        {
            document["taughtDrift"] = new JsonObject
            {
                ["state"] = drift.State,
                ["share"] = drift.Share,
                ["pictures"] = drift.Pictures,
                ["since"] = drift.Since is { } begun ? JsonValue.Create(begun) : null,
            };
        }

        return document;
    }
}
