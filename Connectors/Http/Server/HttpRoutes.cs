using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Mcp;
using MobileVlm.Edge.Connectors.Http.Ollama;
using MobileVlm.Edge.Connectors.Http.OpenAi;
using MobileVlm.Edge.Connectors.Http.Page;
using MobileVlm.Edge.Connectors.Http.Past;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>All addresses of the server.</summary>
internal static class HttpRoutes
{
    /// <summary>Creates the routes and what answers them.</summary>
    /// <param name="settings">The server's settings.</param>
    /// <param name="services">What answers the requests.</param>
    /// <param name="guard">Checks requests.</param>
    /// <param name="queue">The queue of all requests for the model.</param>
    /// <param name="mcp">The Model Context Protocol, whose questions wait in the same queue.</param>
    public static RouteTable Create(HttpServerSettings settings, HttpServices services, RequestGuard guard, RequestQueue queue, McpEndpoint mcp)
    {
        var bodies = new RequestBody(settings.MaxBodyBytes);
        var runner = new CompletionRunner(services.Completion, queue, settings, services.Time);
        return new RouteTable(
        [
            .. Common(services),
            .. new ApiRoutes(settings, services, bodies, new AdmittedAsks(settings, services, queue)).Create(),
            .. new QuestionRoutes(services, bodies).Create(),
            .. new SetupRoutes(services, bodies).Create(),
            .. new LabelRoutes(services, bodies).Create(),
            .. new TeachRoutes(services, bodies).Create(),
            .. new ModeRoutes(services, bodies).Create(),
            .. mcp.Create(),
            .. OpenAi(runner, bodies),
            .. Ollama(new OllamaRoutes(runner, bodies, services.Version)),
            .. new PageRoutes(PageFiles.Read()).Create(),
            .. new SessionRoutes(guard, bodies).Create(),
            .. new ViewRoutes(services).Create(),
            .. new HistoryRoutes(services).Create(),
            .. new EventRoutes(services, bodies).Create(),
            .. new PastRoutes(services, bodies).Create(),
        ]);
    }

    private static IEnumerable<Route> Common(HttpServices services)
    {
        yield return new(HttpMethods.Post, "/", AccessLevel.None, ErrorForm.Object, _ =>
            throw HttpFailureException.NotFound("/ answers GET only; use /v1/chat/completions (OpenAI), /api/chat (Ollama) or /api/v1/ask"));
        yield return new(HttpMethods.Get, "/healthz", AccessLevel.None, ErrorForm.Object, context => Healthy(context));
        yield return new(HttpMethods.Get, "/readyz", AccessLevel.None, ErrorForm.Object, ReadyAsync);
        yield return new(HttpMethods.Get, "/health", AccessLevel.None, ErrorForm.Object, ReadyAsync);
        yield return new(HttpMethods.Get, "/metrics", AccessLevel.Read, ErrorForm.Object, context =>
            services.Metrics() is { } metrics
                ? metrics(context.Http)
                : throw HttpFailureException.Unavailable(services.NotReady() ?? "no metrics have been collected yet", HttpServices.WhileLoading));

        static Task Healthy(RouteContext context) => context.WriteJsonAsync(new JsonObject { ["status"] = "ok" });

        Task ReadyAsync(RouteContext context) => services.NotReady() is { } reason
            ? throw HttpFailureException.Unavailable(reason, HttpServices.WhileLoading, services.Startup())
            : Healthy(context);
    }

    /// <summary>The routes of the OpenAI API, which clients reach with and without <c>/v1</c>.</summary>
    private static IEnumerable<Route> OpenAi(CompletionRunner runner, RequestBody bodies)
    {
        var chat = new ChatCompletionRoutes(runner, bodies);
        var texts = new CompletionRoutes(runner, bodies);
        var models = new ModelRoutes(runner, bodies);
        foreach (var prefix in (string[])["/v1", ""])
        {
            yield return Busy(new(HttpMethods.Post, $"{prefix}/chat/completions", AccessLevel.Full, ErrorForm.Object, chat.HandleAsync));
            yield return Busy(new(HttpMethods.Post, $"{prefix}/completions", AccessLevel.Full, ErrorForm.Object, texts.HandleAsync));
            yield return new(HttpMethods.Get, $"{prefix}/models", AccessLevel.Read, ErrorForm.Object, models.ListAsync);
            yield return new(HttpMethods.Get, $"{prefix}/models/{{id*}}", AccessLevel.Read, ErrorForm.Object, models.ShowAsync);
        }

        yield return Busy(new(HttpMethods.Post, "/api/chat/completions", AccessLevel.Full, ErrorForm.Object, chat.HandleAsync));
        yield return new(HttpMethods.Get, "/props", AccessLevel.Read, ErrorForm.Object, models.PropertiesAsync);
        yield return new(HttpMethods.Get, "/tokenizer_info", AccessLevel.Read, ErrorForm.Object, models.TokenizerAsync);
        yield return new(HttpMethods.Post, "/tokenize", AccessLevel.Read, ErrorForm.Object, models.TokenizeAsync);
        yield return new(HttpMethods.Post, "/detokenize", AccessLevel.Read, ErrorForm.Object, models.DetokenizeAsync);

        static Route Busy(Route route) => route with { BusyStatus = StatusCodes.Status429TooManyRequests };
    }

    private static IEnumerable<Route> Ollama(OllamaRoutes ollama) =>
    [
        new(HttpMethods.Get, "/api/version", AccessLevel.Read, ErrorForm.Text, ollama.VersionAsync),
        new(HttpMethods.Get, "/api/tags", AccessLevel.Read, ErrorForm.Text, ollama.TagsAsync),
        new(HttpMethods.Get, "/api/ps", AccessLevel.Read, ErrorForm.Text, ollama.RunningAsync),
        new(HttpMethods.Post, "/api/show", AccessLevel.Read, ErrorForm.Text, ollama.ShowAsync),
        new(HttpMethods.Post, "/api/pull", AccessLevel.Full, ErrorForm.Text, ollama.PullAsync),
        new(HttpMethods.Post, "/api/chat", AccessLevel.Full, ErrorForm.Text, ollama.ChatAsync),
        new(HttpMethods.Post, "/api/generate", AccessLevel.Full, ErrorForm.Text, ollama.GenerateAsync),
    ];
}
