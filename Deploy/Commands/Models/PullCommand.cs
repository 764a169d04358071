using System.CommandLine;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Pull;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary><c>mobilevlm model pull</c>: from a repository's name to a folder that this program runs.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var id = new Argument<string?>("ID")
        {
            Description = "Repository, like mtgv/MobileVLM_V2-1.7B. None: import from --offline-bundle.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var target = new Argument<string?>("DIR")
        {
            Description = "Folder to make; it must not exist or be empty, or hold a model when there is --force. Without it: ./models/NAME.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var into = new Option<string?>("--dir") { Description = "The same as DIR, for use without an ID.", HelpName = "DIR" };
        var revision = new Option<string>("--revision")
        {
            Description = "Branch, tag or commit.",
            HelpName = "REV",
            DefaultValueFactory = _ => "main",
        };
        var file = new Option<string?>("--file")
        {
            Description = "In a repository of GGUF files: the decoder's file, where there are several. The mmproj file that fits it is found.",
            HelpName = "NAME",
        };
        var mmproj = new Option<string?>("--mmproj")
        {
            Description = "In a repository of GGUF files: the file of the vision encoder and projector, where several fit the decoder.",
            HelpName = "NAME",
        };
        var options = new ImportOptions();
        var keep = new Option<bool>("--keep") { Description = "Keep the downloaded files after the import." };
        var bundle = new Option<string?>("--offline-bundle")
        {
            Description = "With an ID: write its files into this one archive instead of importing them. Without: import from it, with no network.",
            HelpName = "FILE",
        };
        var hub = new Option<string?>("--hub")
        {
            Description = $"Address of the hub or a mirror; default {HubOptions.Variable}, else {HubSettings.DefaultAddress.ToString().TrimEnd('/')}.",
            HelpName = "URL",
        };
        var token = new Option<string?>("--token-file")
        {
            Description = "File whose first line is an access token, for private and gated models.",
            HelpName = "FILE",
        };
        var command = new Command(
            "pull", "Download a published model, check it and import it. An interrupted pull resumes when called again.")
        {
            id, target, into, revision, file, mmproj, keep, bundle, hub, token,
        };
        options.AddTo(command);
        command.RefuseWithout(id, revision, file, mmproj, keep, hub, token);
        command.Refuse(into, result => result.Has(target), "with DIR. Leave one of them out.");
        foreach (var option in (Option[])[into, .. options.All])
        {
            command.Refuse(
                option, result => result.Has(id) && result.Has(bundle),
                "when an archive is written: the model is imported on the other machine. Leave it out here.");
        }

        command.SetAction((parsed, cancel) => RunAsync(
            new PullRequest
            {
                Id = parsed.GetValue(id),
                Folder = parsed.GetValue(target) ?? parsed.GetValue(into),
                Revision = parsed.GetRequiredValue(revision),
                File = parsed.GetValue(file),
                Mmproj = parsed.GetValue(mmproj),
                Import = options.Read(parsed),
                Keep = parsed.GetValue(keep),
                Bundle = parsed.GetValue(bundle),
                Hub = HubOptions.Read(parsed.GetValue(hub), parsed.GetValue(token)),
            },
            cancel));
        return command;
    }

    /// <summary>Refuses options for a repository where none is named.</summary>
    private static void RefuseWithout(this Command command, Argument<string?> id, params IReadOnlyList<Option> options)
    {
        foreach (var option in options)
        {
            command.Refuse(option, result => !result.Has(id), "without an ID: it is about a download. Leave it out.");
        }
    }

    private static async Task<int> RunAsync(PullRequest request, CancellationToken cancel)
    {
        Check(request);
        try
        {
            // Off the caller's thread, because the import computes for minutes.
            var model = await Task.Run(() => ModelPull.RunAsync(request, cancel), cancel);
            Terminal.Info(model is null
                ? $"Wrote {request.Bundle}. On the other machine: mobilevlm model pull --offline-bundle FILE"
                : $"Imported '{model.Manifest.Name}' into {model.FolderPath}.");
            foreach (var line in model is null ? [] : PrecisionText.Lines(model.Manifest))
            {
                Terminal.Info(line);
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Terminal.Error("Stopped. The same command resumes where this one stopped.");
            return ExitCode.Failed;
        }
    }

    private static void Check(PullRequest request)
    {
        if (request.Id is null)
        {
            if (request.Bundle is null)
            {
                throw new UsageException("Name a repository, like mtgv/MobileVLM_V2-1.7B, or a bundle with --offline-bundle.");
            }

            if (Directory.Exists(request.Bundle))
            {
                throw new UsageException($"--offline-bundle: {request.Bundle} is a folder. Name the file that --offline-bundle wrote.");
            }

            if (!File.Exists(request.Bundle))
            {
                throw new UsageException($"--offline-bundle: {request.Bundle} does not exist. With an ID it is written, without one it is read.");
            }
        }
        else if (!HubNames.IsRepository(request.Id))
        {
            throw new UsageException($"'{request.Id}' is not a repository's name. Write OWNER/NAME, like mtgv/MobileVLM_V2-1.7B.");
        }
        else if (request.Bundle is { } bundle && (File.Exists(bundle) || Directory.Exists(bundle)))
        {
            throw new UsageException($"--offline-bundle: {bundle} exists. Name another file, or leave the ID out to import from it.");
        }

        if (!HubNames.IsRevision(request.Revision))
        {
            throw new UsageException($"--revision: '{request.Revision}' is not a branch, tag or commit.");
        }
    }
}
