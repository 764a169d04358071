using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Commands.Labels;

/// <summary><c>mobilevlm label</c>: labels a stored frame, through the running service or, when it is stopped, in its files.</summary>
internal static class LabelCommand
{
    private const string Description = """
        Label a stored frame with the right answer, to teach its question.

        The number of a frame is in every answer and event ("frame"). The history has
        one frame per minute, each event and unclear answers:
          mobilevlm label --config FILE gate person 4711 no

        Numbers begin again at each start of the service. These names are unique:
          event:ID      an event, by its "historyId"
          snapshot:ID   a snapshot of the history
          LABEL ID      a frame that has a label, as it is listed

        Without FRAME and LABEL, the labels of the question are listed.

        A running service is asked over HTTP (Http:Listen, with a token of
        Http:TokenFile). The files of a stopped one are changed in place. They are in
        StateFolder/labels, in folders that 'mobilevlm teach' reads.
        """;

    public static Command Create()
    {
        var config = RunCommand.ConfigOption();
        var camera = new Argument<string>("CAMERA") { Description = "Name of the camera." };
        var question = new Argument<string>("QUESTION") { Description = "Name of the question." };
        var frame = new Argument<string?>("FRAME") { Description = "Number of the frame, event:ID, snapshot:ID or the id of a label.", Arity = ArgumentArity.ZeroOrOne };
        var label = new Argument<string?>("LABEL") { Description = "yes, no, one of the choices, or clear.", Arity = ArgumentArity.ZeroOrOne };
        var at = new Option<string?>("--at") { Description = "With the number of a frame: when it was taken (\"capturedAt\").", HelpName = "TIME" };
        var json = new Option<bool>("--json") { Description = "Print one JSON document to stdout." };
        var command = new Command("label", Description) { config, camera, question, frame, label, at, json };
        command.SetAction(async (parsed, cancel) =>
        {
            var configuration = EdgeConfiguration.Load(parsed.GetValue(config));
            var (named, value) = (parsed.GetValue(frame), parsed.GetValue(label));
            if (named is not null && value is null)
            {
                throw new UsageException("LABEL is missing: write yes, no, one of the choices, or clear after the frame.");
            }

            var wanted = named is null ? null : new LabelWish(LabelWish.ReadFrame(named, parsed.GetValue(at)), value!);
            return await RunAsync(
                configuration, parsed.GetRequiredValue(camera), parsed.GetRequiredValue(question), wanted, parsed.GetValue(json), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        EdgeConfiguration configuration, string camera, string question, LabelWish? wanted, bool json, CancellationToken cancel)
    {
        if (configuration.StateFolder is not { } folder)
        {
            throw new UsageException($"Labels are kept in the state folder. Set {EdgeOptions.Section}:StateFolder in the configuration.");
        }

        try
        {
            var result = await AskAsync(configuration, folder, camera, question, wanted, cancel);
            Console.WriteLine(json ? LabelText.Json(result) : wanted is null ? LabelText.List(result) : LabelText.Change(result));
            return ExitCode.Done;
        }
        catch (HttpFailureException refused)
        {
            Terminal.Error($"{char.ToUpperInvariant(refused.Message[0])}{refused.Message[1..]}.");
            return refused.Status is 400 or 404 ? ExitCode.Usage : ExitCode.Failed;
        }
    }

    private static async Task<JsonObject> AskAsync(
        EdgeConfiguration configuration, string folder, string camera, string question, LabelWish? wanted, CancellationToken cancel)
    {
        InstanceLock taken;
        try
        {
            taken = InstanceLock.TakeFolder("StateFolder", folder);
        }
        catch (StorageInUseException running)
        {
            using var service = RunningService.Open(configuration)
                ?? throw new UsageException($"The service runs and has no HTTP server to ask. Set Http:Listen, or stop it first. {running.Message}");
            var path = $"api/v1/cameras/{Uri.EscapeDataString(camera)}/questions/{Uri.EscapeDataString(question)}/labels";
            return wanted is null
                ? await service.SendAsync(HttpMethod.Get, path, null, cancel)
                : await service.SendAsync(HttpMethod.Put, path, wanted.ToJson(), cancel);
        }

        using (taken)
        {
            return await StoredLabels.AskAsync(configuration, camera, question, wanted, cancel);
        }
    }
}

/// <summary>What a user wants to label.</summary>
/// <param name="Frame">The frame.</param>
/// <param name="Label">The label.</param>
internal sealed record LabelWish(LabelFrame Frame, string Label)
{
    private const string EventPrefix = "event:";
    private const string SnapshotPrefix = "snapshot:";

    /// <summary>Reads a frame as the command line names it.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static LabelFrame ReadFrame(string text, string? at)
    {
        if (at is not null && !long.TryParse(text, out _))
        {
            throw new UsageException("--at goes with the number of a frame. The other names are unique.");
        }

        return text switch
        {
            _ when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var frame) => new LabelFrame { Frame = frame, At = ReadTime(at) },
            _ when text.StartsWith(EventPrefix, StringComparison.Ordinal) && Guid.TryParse(text[EventPrefix.Length..], out var id) => new LabelFrame { Event = id },
            _ when text.StartsWith(SnapshotPrefix, StringComparison.Ordinal)
                && long.TryParse(text[SnapshotPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var snapshot) => new LabelFrame { Snapshot = snapshot },
            _ when Connectors.Storage.Labels.LabelId.IsValid(text) => new LabelFrame { Id = text },
            _ => throw new UsageException($"FRAME: '{text}' is none of: the number of a frame, event:ID, snapshot:ID, the id of a label."),
        };
    }

    /// <summary>The body of a request to the service.</summary>
    public JsonObject ToJson()
    {
        var body = new JsonObject { ["label"] = Label };
        if (Frame.Frame is { } frame)
        {
            body["frame"] = frame;
        }

        if (Frame.At is { } at)
        {
            body["at"] = JsonSerializer.Serialize(at).Trim('"');
        }

        if (Frame.Snapshot is { } snapshot)
        {
            body["snapshot"] = snapshot;
        }

        if (Frame.Event is { } happened)
        {
            body["event"] = happened.ToString();
        }

        if (Frame.Id is { } id)
        {
            body["labelId"] = id;
        }

        return body;
    }

    private static DateTimeOffset? ReadTime(string? at) =>
        at is null ? null
        : DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : throw new UsageException($"--at: '{at}' is not a time such as 2026-12-01T03:00:00Z.");
}
