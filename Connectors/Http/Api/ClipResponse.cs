using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Sends a clip, whole or in ranges: players seek by asking for parts of the file.</summary>
internal static class ClipResponse
{
    private const string Mp4 = "video/mp4";

    /// <summary>Sends the file, or what the request asks for of it.</summary>
    /// <exception cref="HttpFailureException">It was deleted meanwhile, or its disk cannot be read.</exception>
    public static async Task WriteAsync(RouteContext context, string file, StoredClip clip)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 64 * 1024, useAsync: true);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw HttpFailureException.NotFound("the clip of this event was deleted");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw HttpFailureException.Unavailable($"the clip cannot be read now: {fault.Message}", HttpServices.WhileLoading);
        }

        context.Http.Response.Headers.CacheControl = "private, max-age=86400";

        // The file never changes, so its time and length identify it. The stream is disposed by the result.
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"clip-{clip.At.ToUnixTimeMilliseconds()}-{clip.Bytes}\"");
        await Results.Stream(stream, Mp4, lastModified: clip.At, entityTag: new EntityTagHeaderValue(tag), enableRangeProcessing: true)
            .ExecuteAsync(context.Http);
    }
}
