using System.Net;
using System.Net.Http.Headers;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Files to disk: resumed, checked, renamed when whole.</summary>
public sealed partial class HubClient
{
    /// <summary>Downloads one file. What is there of it already, whole or in part, is checked and used; however it
    /// ends, nothing incomplete is under the final name.</summary>
    /// <param name="listing">Listing of the repository.</param>
    /// <param name="file">One of its files.</param>
    /// <param name="path">Final name; the part is beside it as <c>.part</c>.</param>
    /// <param name="progress">Bytes of this file that are on disk; called often, also with less than before when a
    /// part turns out to be useless.</param>
    /// <param name="cancel">Ends it and keeps the part.</param>
    /// <exception cref="HubException">The file cannot be fetched, or differs from the published one.</exception>
    /// <exception cref="IOException">The disk failed, or another process downloads the same file.</exception>
    public async Task DownloadAsync(
        HubListing listing, HubFile file, string path, Action<long>? progress, CancellationToken cancel)
    {
        if (await HubFileCheck.IsWholeAsync(path, file, cancel))
        {
            progress?.Invoke(file.Size);
            return;
        }

        var retry = new DownloadRetry(_settings);
        using var part = await PartialFile.OpenAsync(path, file, cancel);
        while (true)
        {
            progress?.Invoke(part.Length);
            await FillAsync(listing, file, part, retry, progress, cancel);
            if (part.Fault() is not { } fault)
            {
                part.Complete();
                return;
            }

            // A part from an earlier run may be what is wrong; one that came in one go is wrong at its source.
            var resumed = part.WasResumed;
            part.Restart();
            if (!resumed)
            {
                part.Discard();
                throw new HubException(
                    $"'{file.Name}' of '{listing.Id}' {fault} It was altered on the way or at the hub, and was not kept. Try again later or check --hub.");
            }
        }
    }

    private async Task FillAsync(
        HubListing listing, HubFile file, PartialFile part, DownloadRetry retry, Action<long>? progress, CancellationToken cancel)
    {
        while (part.Length < file.Size)
        {
            try
            {
                await FetchAsync(listing, file, part, retry, progress, cancel);
            }
            catch (HubInterruptedException e)
            {
                progress?.Invoke(part.Length);
                await retry.WaitAsync(e, cancel);
            }
        }
    }

    private async Task FetchAsync(
        HubListing listing, HubFile file, PartialFile part, DownloadRetry retry, Action<long>? progress, CancellationToken cancel)
    {
        using var watch = new StallTimeout(_settings.Stall, cancel);
        using var response = await AskAsync(
            AddressOf(listing, file), $"'{file.Name}'", listing.Id, request => AskForRest(request, part), watch);
        var host = response.RequestMessage!.RequestUri!.Host;
        Align(response, file, part, host);
        await foreach (var piece in BodyAsync(response, watch))
        {
            if (part.Length + piece.Length > file.Size)
            {
                part.Discard();
                throw new HubException($"{host} sends more than the {file.Size} bytes that '{file.Name}' has by the list. Check --hub.");
            }

            part.Append(piece.Span);
            retry.Progressed();
            progress?.Invoke(part.Length);
        }

        if (part.Length < file.Size)
        {
            throw new HubInterruptedException($"{host} ended '{file.Name}' after {part.Length} of {file.Size} bytes.");
        }
    }

    private static void AskForRest(HttpRequestMessage request, PartialFile part)
    {
        if (part.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(part.Length, null);
            request.Headers.IfRange = part.Tag is { } tag ? new RangeConditionHeaderValue(new EntityTagHeaderValue(tag)) : null;
        }
    }

    /// <summary>Makes the part end where the response begins.</summary>
    private static void Align(HttpResponseMessage response, HubFile file, PartialFile part, string host)
    {
        // Only a strong tag promises the same bytes.
        var tag = response.Headers.ETag is { IsWeak: false } strong ? strong.Tag : null;
        if (response.StatusCode == HttpStatusCode.OK)
        {
            // The server knows no ranges, or the file is another one now.
            part.Restart();
            if (response.Content.Headers.ContentLength is { } length && length != file.Size)
            {
                throw new HubException($"{host} has '{file.Name}' with {length} bytes, the list says {file.Size}. Check --hub.");
            }

            part.Tag = tag;
            return;
        }

        var range = response.Content.Headers.ContentRange;
        if (response.StatusCode != HttpStatusCode.PartialContent
            || range is not { Unit: "bytes" }
            || range.From != part.Length
            || (range.Length is { } total && total != file.Size)
            || (tag is not null && part.Tag is not null && tag != part.Tag))
        {
            var had = part.Length;
            part.Restart();
            throw new HubInterruptedException($"{host} has another '{file.Name}' than the one whose {had} bytes are here.");
        }
    }
}
