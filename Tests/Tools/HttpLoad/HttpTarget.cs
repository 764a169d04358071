using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Tools.HttpLoad;

/// <summary>The built service with the demo's camera, questions and model at a free port of the loopback address, and what Linux
/// reports about its process.</summary>
internal sealed class HttpTarget : IAsyncDisposable
{
    /// <summary>A token that may ask; the service demands one.</summary>
    public const string Token = "fulltoken0123456789";

    private readonly TemporaryFolder _folder = new();
    private readonly EdgeProcess _service;

    private HttpTarget(bool hasCamera) => _service = EdgeProcess.Start("run", "--config", Write(_folder.Path, hasCamera));

    /// <summary>With a slash at its end.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _service.HasExited;

    /// <summary>What the service logged.</summary>
    public string Log => _service.Errors;

    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes => ProcessStatus.Of(_service.Id).ResidentBytes;

    /// <summary>Open files, sockets included.</summary>
    public int OpenFiles => ProcessStatus.Of(_service.Id).Handles;

    /// <summary>Starts the service and waits until it answers.</summary>
    /// <param name="hasCamera">With the demo's camera and questions.</param>
    public static async Task<HttpTarget> StartAsync(bool hasCamera)
    {
        var target = new HttpTarget(hasCamera);
        try
        {
            target.Address = await target._service.ReadyAsync();
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that may ask.</summary>
    public HttpClient Client()
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_service.HasExited)
        {
            _service.Terminate();
            await _service.ExitAsync();
        }

        await _service.DisposeAsync();
        _folder.Dispose();
    }

    private static string Write(string folder, bool hasCamera)
    {
        var demo = JsonNode.Parse(
            File.ReadAllText(Path.Combine(DemoModel.Assets, "appsettings.json")),
            documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        var section = demo["MobileVlm"]!.AsObject();
        var tokens = Path.Combine(folder, "tokens");
        File.WriteAllText(tokens, $"owner {Token}\n");
        section.Remove("Mqtt");
        section["Http"] = new JsonObject { ["Listen"] = "127.0.0.1:0", ["TokenFile"] = tokens };
        section["Model"]!["Path"] = DemoModel.Folder.FolderPath;
        section["Cameras"]!["gate"]!["Source"] = DemoModel.Clip;
        if (!hasCamera)
        {
            section.Remove("Cameras");
        }

        var file = Path.Combine(folder, "appsettings.json");
        File.WriteAllText(file, demo.ToJsonString());
        return file;
    }
}
