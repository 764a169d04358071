using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Commands.Labels;

/// <summary>Labels in the files of a service that does not run.</summary>
internal static class StoredLabels
{
    /// <summary>Lists the labels of a question, or labels a frame. The caller holds the lock of the state folder.</summary>
    public static async Task<JsonObject> AskAsync(
        EdgeConfiguration configuration, string camera, string question, LabelWish? wanted, CancellationToken cancel)
    {
        // A folder that does not exist is not created: this command records nothing.
        await using var history = configuration.ToHistorySettings() is { } settings && Directory.Exists(settings.Folder)
            ? SqliteHistory.Open(settings, TimeProvider.System, NullLogger<SqliteHistory>.Instance)
            : null;
        var cameras = configuration.ToEdgeSettings("").Cameras;
        var labels = new LabelService(() => cameras, history, configuration.ToLabels(), TimeProvider.System);
        return wanted is null
            ? LabelBody.Describe(await labels.ListAsync(camera, question, cancel))
            : LabelBody.Describe(await labels.SetAsync(new LabelRequest(camera, question, wanted.Frame, wanted.Label, LabelSource.CommandLine), cancel));
    }
}
