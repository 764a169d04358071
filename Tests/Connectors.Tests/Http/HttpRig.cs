using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>A server at a free port with a fake model and a fake camera.</summary>
internal sealed class HttpRig : IAsyncDisposable
{
    public const string FullToken = "fulltoken0123456789";
    public const string ReadToken = "readtoken0123456789";

    /// <summary>The smallest JPEG-like file; the fake model does not decode it.</summary>
    public static readonly string Picture = Convert.ToBase64String([0xFF, 0xD8, 1, 2, 3]);

    public static readonly string OtherPicture = Convert.ToBase64String([0xFF, 0xD8, 9, 9, 9, 9]);

    private readonly TemporaryFolder _folder = new();

    private HttpRig(FakeCompletion completion) => Completion = completion;

    public FakeCompletion Completion { get; }

    public FakeCameras Cameras { get; } = new();

    public FakeQuestions Questions { get; } = new();

    public FakeSetup Setup { get; } = new();

    public FakePast Past { get; } = new();

    public FakeLabels Labels { get; } = new();

    public LiveEvents Events { get; } = new(TimeProvider.System);

    public LogTail Log { get; } = new();

    /// <summary>False until the service runs.</summary>
    public bool HasCameras { get; set; } = true;

    public string? NotReady { get; set; }

    /// <summary>What is stored; null where no history is kept.</summary>
    public IHistory? History { get; set; }

    /// <summary>Signs addresses that need no token.</summary>
    public SignedAddresses Addresses { get; } = new(new byte[32], new Uri("https://cameras.example/edge"), TimeProvider.System);

    public HttpServer Server { get; private set; } = null!;

    public HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    public static Task<HttpRig> StartAsync(FakeCompletion completion) => StartAsync(change: null, completion);

    public static async Task<HttpRig> StartAsync(
        Func<HttpServerSettings, HttpServerSettings>? change = null, FakeCompletion? completion = null, bool hasTokens = false)
    {
        var rig = new HttpRig(completion ?? new FakeCompletion());
        var settings = new HttpServerSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        if (hasTokens)
        {
            var file = Path.Combine(rig._folder.Path, "tokens");
            await File.WriteAllTextAsync(file, $"# tokens\nowner {FullToken}\nviewer {ReadToken} read\n");
            settings = settings with { TokenFile = file };
        }

        rig.Server = await HttpServer.StartAsync(
            change?.Invoke(settings) ?? settings,
            new HttpServices
            {
                Completion = rig.Completion,
                Cameras = () => rig.HasCameras ? rig.Cameras : null,
                Questions = () => rig.NotReady is null ? rig.Questions : null,
                Setup = () => rig.NotReady is null ? rig.Setup : null,
                Labels = () => rig.NotReady is null ? rig.Labels : null,
                Teaching = () => rig.NotReady is null ? rig.Labels : null,
                History = () => rig.History,
                Past = () => rig.Past,
                Addresses = rig.Addresses,
                NotReady = () => rig.NotReady,
                Events = rig.Events,
                Log = rig.Log,
                Device = () => new DeviceView { Load = [0.5, 0.4, 0.3], Temperatures = [("cpu", 47.5)] },
                Version = "1.2.3",
            },
            NullLoggerFactory.Instance);
        rig.Client.BaseAddress = rig.Server.Address;
        return rig;
    }

    public async Task<Response> SendAsync(
        HttpMethod method, string path, object? body = null, string? token = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = body switch
            {
                byte[] bytes => new ByteArrayContent(bytes),
                string text => new ByteArrayContent(Encoding.UTF8.GetBytes(text)),
                _ => new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body)),
            };
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        change?.Invoke(request);
        using var response = await Client.SendAsync(request);
        return new Response(
            response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            await response.Content.ReadAsStringAsync(),
            response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
    }

    public Task<Response> GetAsync(string path, string? token = null) => SendAsync(HttpMethod.Get, path, token: token);

    public Task<Response> PostAsync(string path, object body, string? token = null) => SendAsync(HttpMethod.Post, path, body, token);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Client.Dispose();
        _folder.Dispose();
    }
}

/// <summary>A response, read to its end.</summary>
internal sealed record Response(HttpStatusCode Status, string? Type, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The lines of a stream of JSON documents.</summary>
    public IReadOnlyList<JsonElement> Lines => [.. Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The data of a stream of events.</summary>
    public IReadOnlyList<string> Data => [.. Body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line[6..])];

    /// <summary>The message of an error, whose form must be that of the OpenAI API.</summary>
    public string ErrorMessage => Json.GetProperty("error").GetProperty("message").GetString()!;

    /// <summary>The message of an error, whose form must be that of Ollama.</summary>
    public string ErrorText => Json.GetProperty("error").GetString()!;
}
