using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Asks the questions of HTTP clients, of whichever protocol, and bounds how many requests wait for an answer.</summary>
/// <param name="settings">The longest wait.</param>
/// <param name="services">The cameras.</param>
/// <param name="queue">Shared with the requests for texts.</param>
internal sealed class AdmittedAsks(HttpServerSettings settings, HttpServices services, RequestQueue queue)
{
    /// <summary>Asks about the next frame of a camera.</summary>
    /// <returns>The answers, in the order of the questions.</returns>
    /// <exception cref="HttpFailureException">Too many requests wait, or the questions cannot be asked.</exception>
    public Task<IReadOnlyList<AskAnswer>> AskAsync(string camera, IReadOnlyList<AskQuestion> questions, CancellationToken cancel) =>
        AskAsync(camera, null, questions, cancel);

    /// <summary>Asks about a picture file.</summary>
    /// <returns>The answers, in the order of the questions.</returns>
    /// <exception cref="HttpFailureException">Too many requests wait, or the questions cannot be asked.</exception>
    public Task<IReadOnlyList<AskAnswer>> AskAsync(ReadOnlyMemory<byte> picture, IReadOnlyList<AskQuestion> questions, CancellationToken cancel) =>
        AskAsync(null, picture, questions, cancel);

    private async Task<IReadOnlyList<AskAnswer>> AskAsync(
        string? camera, ReadOnlyMemory<byte>? picture, IReadOnlyList<AskQuestion> questions, CancellationToken cancel)
    {
        var cameras = services.Started(services.Cameras);
        using var admission = Admit(cameras, picture?.Length ?? 0, questions.Count);
        return await cameras.AskAsync(camera, picture, questions, settings.AskWithin, cancel);
    }

    private IDisposable Admit(ICameraService cameras, long bytes, int questions)
    {
        try
        {
            return queue.Admit(bytes);
        }
        catch (HttpFailureException)
        {
            cameras.CountBusy(questions);
            throw;
        }
    }
}
