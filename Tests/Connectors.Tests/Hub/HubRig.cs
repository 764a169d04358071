using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Hub;

/// <summary>A hub with one repository, a client in a hurry, a folder.</summary>
internal sealed class HubRig : IAsyncDisposable
{
    public const string Id = "owner/model";
    public const string Weights = "model.safetensors";

    public HubRig(HubSettings? settings = null)
    {
        Random.Shared.NextBytes(Content);
        Server.Add(Id, "config.json", "{}");
        Server.Add(Id, Weights, Content);
        Client = new HubClient((settings ?? Hurried) with { Address = Server.Address });
    }

    public static HubSettings Hurried { get; } = new()
    {
        FirstDelay = TimeSpan.FromMilliseconds(5),
        LongestDelay = TimeSpan.FromMilliseconds(20),
        Stall = TimeSpan.FromSeconds(5),
    };

    public FakeHub Server { get; } = new();

    public HubClient Client { get; }

    public byte[] Content { get; } = new byte[300_000];

    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public string Target => Path.Combine(Folder, Weights);

    public string Part => $"{Target}.part";

    public Task<HubListing> ListAsync() => Client.ListAsync(Id, "main", CancellationToken.None);

    public async Task DownloadAsync(Action<long>? progress = null, CancellationToken cancel = default)
    {
        var listing = await ListAsync();
        await Client.DownloadAsync(listing, listing.Find(Weights)!, Target, progress, cancel);
    }

    /// <summary>Faults for the store's answers, one after the other, then none.</summary>
    public void Faults(params FakeHubFault?[] faults)
    {
        var left = new Queue<FakeHubFault?>(faults);
        Server.Script = request => request.Store && left.TryDequeue(out var fault) ? fault : null;
    }

    /// <summary>Changes the entry of the weights in the listing of the hub.</summary>
    public void List(Action<JsonNode> change) => Server.Listing = listing =>
        change(listing["siblings"]!.AsArray().Single(s => s!["rfilename"]!.GetValue<string>() == Weights)!);

    public async Task<HubException> RefusedAsync()
    {
        var refused = await Assert.ThrowsAsync<HubException>(() => DownloadAsync());
        Assert.False(File.Exists(Target));
        return refused;
    }

    public void AssertWhole()
    {
        Assert.Equal(Content, File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFiles(Folder));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
