using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MobileVlm.Edge.Connectors.Http.Server;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using Route = MobileVlm.Edge.Connectors.Http.Server.Route;
using RouteContext = MobileVlm.Edge.Connectors.Http.Server.RouteContext;

namespace MobileVlm.Edge.Connectors.Http.Mcp;

/// <summary>The Model Context Protocol at <c>/mcp</c>: streamable HTTP without sessions. The SDK's handler is called from the server's own
/// table of routes, behind the same checks of host, origin and token as every other address.</summary>
/// <param name="tools">What clients may call.</param>
/// <param name="version">The version of this program.</param>
internal sealed class McpEndpoint(McpTools tools, string version)
{
    private const string Path = "/mcp";

    /// <summary>Requests hold questions and no pictures.</summary>
    private const int MaxBodyBytes = 1024 * 1024;

    private RequestDelegate? _handler;

    /// <summary>The route: any token may list tools and read, and the tool that asks checks for a full one.</summary>
    public IEnumerable<Route> Create() => [new(HttpMethods.Post, Path, AccessLevel.Read, ErrorForm.Object, HandleAsync)];

    /// <summary>Registers the SDK.</summary>
    /// <param name="services">The server's services.</param>
    /// <param name="requireFull">Throws <see cref="HttpFailureException"/> if a request has no full token.</param>
    public void AddTo(IServiceCollection services, Action<HttpContext> requireFull) => services
        .AddMcpServer(options => options.ServerInfo = new Implementation { Name = "mobilevlm", Version = version })
        .WithHttpTransport(http =>
        {
            http.SessionMode = HttpServerSessionMode.Stateless;
            http.ConfigureSessionOptions = (context, options, _) =>
            {
                options.Handlers.ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [.. McpTools.All] });
                options.Handlers.CallToolHandler = (request, cancel) => tools.CallAsync(request.Params, () => requireFull(context), cancel);
                return Task.CompletedTask;
            };
        });

    /// <summary>Takes the SDK's handler. The framework's routing is not used: the server has its own table.</summary>
    public void Map(IServiceProvider services)
    {
        var builder = new EndpointBuilderOf(services);
        builder.MapMcp(Path);
        _handler = builder.DataSources.SelectMany(source => source.Endpoints)
            .First(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Post) == true)
            .RequestDelegate;
    }

    private async Task HandleAsync(RouteContext context)
    {
        if (context.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBodyBytes;
        }

        // The SDK ends with the request; this one also ends when the server stops.
        var aborted = context.Http.RequestAborted;
        context.Http.RequestAborted = context.Stopping;
        try
        {
            await _handler!(context.Http);
        }
        finally
        {
            // Code that reports a failure tells a stop of the server from a client that left by this token.
            context.Http.RequestAborted = aborted;
        }
    }

    private sealed class EndpointBuilderOf(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
