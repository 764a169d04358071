using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Lists and downloads repositories of a Hugging Face hub, or of a mirror that speaks as it does. Thread-safe.</summary>
public sealed partial class HubClient : IDisposable
{
    // A listing of ten thousand files with their checksums has about three megabytes.
    private const int LargestListing = 16 << 20;

    private readonly HubSettings _settings;
    private readonly HttpClient _http;

    public HubClient(HubSettings settings)
    {
        _settings = settings;
        _http = new HttpClient(new SocketsHttpHandler
        {
            // Followed by hand, so that the token stays with the host that it is for.
            AllowAutoRedirect = false,
            UseCookies = false,

            // Sizes and ranges are those of the stored file.
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = settings.Stall,
            MaxResponseHeadersLength = 64,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Lists the files of a repository, with the commit that the revision is at now.</summary>
    /// <param name="id">See <see cref="HubNames.IsRepository"/>.</param>
    /// <param name="revision">See <see cref="HubNames.IsRevision"/>.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="HubException">It is not there, not allowed or not readable; or the network failed for long.</exception>
    public async Task<HubListing> ListAsync(string id, string revision, CancellationToken cancel)
    {
        Require(HubNames.IsRepository(id), id, nameof(id));
        Require(HubNames.IsRevision(revision), revision, nameof(revision));
        var address = At($"api/models/{id}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        var bytes = await ReadAsync(address, $"the list of '{id}'", id, LargestListing + 1, shape: null, cancel);
        if (bytes.Length > LargestListing)
        {
            throw new HubException($"{address.Host} lists '{id}' in more than {LargestListing >> 20} MiB, which no model needs. Check --hub.");
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 32 });
            return HubListingReader.Read(id, document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what a text gives that is not Unicode.
            throw new HubException($"{address.Host} lists '{id}' in something that is not its JSON ({e.Message}). Check --hub.", e);
        }
    }

    /// <summary>The first bytes of a file into memory.</summary>
    /// <param name="listing">Listing of the repository.</param>
    /// <param name="file">One of its files.</param>
    /// <param name="most">No more than this is read, however long the file.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="HubException">As for <see cref="ListAsync"/>.</exception>
    public Task<byte[]> ReadHeadAsync(HubListing listing, HubFile file, int most, CancellationToken cancel) =>
        ReadAsync(
            AddressOf(listing, file), $"'{file.Name}'", listing.Id, most,
            file.Size > most ? request => request.Headers.Range = new RangeHeaderValue(0, most - 1) : null, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> ReadAsync(
        Uri address, string what, string id, int most, Action<HttpRequestMessage>? shape, CancellationToken cancel)
    {
        var retry = new DownloadRetry(_settings);
        while (true)
        {
            try
            {
                using var watch = new StallTimeout(_settings.Stall, cancel);
                using var response = await AskAsync(address, what, id, shape, watch);
                using var memory = new MemoryStream();
                await foreach (var piece in BodyAsync(response, watch))
                {
                    memory.Write(piece.Span[..(int)Math.Min(piece.Length, most - memory.Length)]);
                    if (memory.Length == most)
                    {
                        break;
                    }
                }

                return memory.ToArray();
            }
            catch (HubInterruptedException e)
            {
                await retry.WaitAsync(e, cancel);
            }
        }
    }

    private Uri At(string path) => new($"{_settings.Address.ToString().TrimEnd('/')}/{path}");

    private Uri AddressOf(HubListing listing, HubFile file) =>
        At($"{listing.Id}/resolve/{listing.Commit}/{string.Join('/', file.Name.Split('/').Select(Uri.EscapeDataString))}");

    private static void Require(bool good, string value, string name)
    {
        if (!good)
        {
            throw new ArgumentException($"'{value}' is not one.", name);
        }
    }
}
