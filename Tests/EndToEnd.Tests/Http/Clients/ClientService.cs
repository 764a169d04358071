using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Http.Clients;

/// <summary>The collection of tests that run programs of others against one service.</summary>
[CollectionDefinition(Name)]
public sealed class ClientTests : ICollectionFixture<ClientService>
{
    public const string Name = "HTTP clients";
}

/// <summary>A running service with the demo's model and access tokens, without cameras and broker.</summary>
public sealed class ClientService : IAsyncLifetime, IDisposable
{
    public const string FullToken = "fulltoken0123456789";
    public const string ReadToken = "readtoken0123456789";
    public const string WrongToken = "wrongtoken012345678";

    /// <summary>Questions that the demo's model was trained on, and its answers about <see cref="Picture"/>.</summary>
    public const string PersonQuestion = "Is there a person in the picture?";

    public const string PersonAnswer = "Yes";
    public const string DescribeQuestion = "Describe the picture.";
    public const string Description = "It is night and the gate is open. I can see three people, a green car and a dog.";

    /// <summary>Two values, each asked with its description.</summary>
    public const string Schema = """
        {"type":"object","additionalProperties":false,"required":["person","light"],"properties":{
          "person":{"type":"boolean","description":"Is there a person in the picture?"},
          "light":{"type":"string","enum":["It is day.","It is night."],"description":"Is it day or night?"}}}
        """;

    /// <summary>The values of <see cref="Schema"/> for <see cref="Picture"/>.</summary>
    public const string Filled = """{"person":true,"light":"It is night."}""";

    private readonly TemporaryFolder _folder = new();
    private EdgeProcess? _service;

    /// <summary>With a slash at its end.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The id of the model.</summary>
    public string Model { get; private set; } = "";

    /// <summary>A JPEG of the demo's scene at night.</summary>
    public static string PictureFile { get; } = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");

    public static byte[] Picture { get; } = File.ReadAllBytes(PictureFile);

    public async Task InitializeAsync()
    {
        var tokens = Path.Combine(_folder.Path, "tokens");
        await File.WriteAllTextAsync(tokens, $"owner {FullToken}\nviewer {ReadToken} read\n");
        var config = Path.Combine(_folder.Path, "appsettings.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new
        {
            MobileVlm = new
            {
                Node = "clients",
                Model = new { Path = DemoModel.Folder.FolderPath },
                Http = new { Listen = "127.0.0.1:0", TokenFile = tokens },
            },
        }));
        _service = EdgeProcess.Start("run", "--config", config);
        Address = await _service.ReadyAsync();
        using var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", ReadToken);
        using var models = JsonDocument.Parse(await client.GetStringAsync(new Uri("v1/models", UriKind.Relative)));
        Model = models.RootElement.GetProperty("data")[0].GetProperty("id").GetString()!;
    }

    public async Task DisposeAsync()
    {
        if (_service is { } service)
        {
            service.Terminate();
            Assert.Equal(0, await service.ExitAsync());
            await service.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();
}
