using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>The steps of a pull: plan, check the disk, download, then import or pack, then clean up.</summary>
internal static class ModelPull
{
    private const string DiskAdvice =
        "Free some space, or put them on another disk: DIR for the model, XDG_CACHE_HOME for the download.";

    /// <summary>Pulls a model.</summary>
    /// <param name="request">What to pull.</param>
    /// <param name="cancel">Stops it; a later call resumes.</param>
    /// <param name="status">Gets the progress of a download and its import; null shows it in the terminal.</param>
    /// <returns>The model, or null when a bundle was written instead.</returns>
    public static async Task<ModelFolder?> RunAsync(PullRequest request, CancellationToken cancel, PullStatus? status = null)
    {
        if (request.Id is not { } id)
        {
            return await ImportBundleAsync(request, cancel);
        }

        using var hub = new HubClient(request.Hub);
        var plan = await new PullPlanner(hub, request.Import).PlanAsync(id, request.Revision, request.File, request.Mmproj, cancel);
        var target = TargetOf(request, plan.Name);
        using var cache = PullCache.Open(id, plan.Listing.Commit);
        var present = plan.Files.Sum(cache.PresentBytes);
        DiskSpace.Require(
            $"{DiskAdvice} Nothing was downloaded.",
            new DiskRequirement("the download", cache.Checkpoint, plan.Bytes - present),
            request.Bundle is { } bundle
                ? new DiskRequirement("the bundle", FolderOf(bundle), plan.Bytes)
                : new DiskRequirement("the imported model", target, plan.ImportedBytes));
        Report(
            status,
            $"'{id}' at {plan.Listing.Commit[..12]}: {plan.Files.Count} files, {DiskSpace.Text(plan.Bytes)}"
            + (present > 0 ? $", {DiskSpace.Text(present)} of it are here already." : "."));
        await DownloadAsync(hub, plan, cache, status, cancel);

        var model = request.Bundle is null ? Import(request, plan.SourceIn(cache.Checkpoint), target, status, cancel) : null;
        if (request.Bundle is { } archive)
        {
            await PackAsync(plan, cache, archive, cancel);
        }

        if (request.Keep)
        {
            Report(status, $"The downloaded files are kept in {cache.Checkpoint}.");
        }
        else
        {
            cache.Clear();
        }

        return model;
    }

    private static void Report(PullStatus? status, string line)
    {
        if (status is null)
        {
            Terminal.Info(line);
        }
    }

    private static Task DownloadAsync(HubClient hub, PullPlan plan, PullCache cache, PullStatus? status, CancellationToken cancel)
    {
        return status is null
            ? PullProgress.ShowAsync("Downloading", plan.Bytes, bars => DownloadAllAsync(bars.Begin))
            : DownloadAllAsync(status.BeginDownload(plan.Bytes));

        async Task DownloadAllAsync(Func<string, long, Action<long>> begin)
        {
            foreach (var planned in plan.Files)
            {
                await hub.DownloadAsync(
                    planned.Listing, planned.File, Path.Combine(cache.Checkpoint, planned.Path),
                    begin(planned.Path, planned.File.Size), cancel);
            }
        }
    }

    private static Task PackAsync(PullPlan plan, PullCache cache, string archive, CancellationToken cancel) =>
        PullProgress.ShowAsync("Packing", plan.Bytes, bars => HubBundleWriter.WriteAsync(
            archive, plan.Listing.Id, plan.Listing.Commit, cache.Checkpoint, [.. plan.Files.Select(file => file.Path)], bars.Report, cancel));

    private static async Task<ModelFolder> ImportBundleAsync(PullRequest request, CancellationToken cancel)
    {
        using var reader = await HubBundleReader.OpenAsync(request.Bundle!, cancel);
        var bundle = reader.Bundle;
        var target = TargetOf(request, bundle.Name);

        // Separate from what may have been downloaded of the same commit, because this is removed in any case.
        using var cache = PullCache.Open(bundle.Id, $"{bundle.Commit}-bundle");
        DiskSpace.Require(DiskAdvice, new DiskRequirement("the bundle's files", cache.Checkpoint, bundle.Size));
        Terminal.Info($"'{bundle.Id}' at {bundle.Commit[..12]}: {bundle.Files.Count} files, {DiskSpace.Text(bundle.Size)}.");
        try
        {
            await PullProgress.ShowAsync(
                "Unpacking", bundle.Size, bars => reader.ExtractAsync(cache.Checkpoint, bars.Report, cancel));
            DiskSpace.Require(
                DiskAdvice,
                new DiskRequirement("the imported model", target, ImportSize.Estimate(cache.Checkpoint, request.Import.Precision, request.Import.Calibration is not null)));
            return Import(request, cache.Checkpoint, target, null, cancel);
        }
        finally
        {
            cache.Clear();
        }
    }

    private static ModelFolder Import(
        PullRequest request, CheckpointSource checkpoint, string target, PullStatus? status, CancellationToken cancel)
    {
        Directory.CreateDirectory(FolderOf(target));
        if (status is not null)
        {
            var progress = new ImmediateProgress<ImportProgress>(it => status.Importing(it.BytesDone, it.BytesTotal));
            return ModelImporter.Import(checkpoint, target, request.Import.Precision, progress, request.Import.Calibration, cancel);
        }

        return ImportProgressBar.Import(checkpoint, target, request.Import, cancel);
    }

    /// <summary>Folder of the imported model; throws here, before hours of downloading, when it cannot be used.</summary>
    private static string TargetOf(PullRequest request, string name)
    {
        var target = Path.GetFullPath(request.Folder ?? Path.Combine("models", name));
        var replaced = request.Import.Replace && File.Exists(Path.Combine(target, ModelManifest.FileName));
        return File.Exists(target) || (!replaced && Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            ? throw new UsageException($"{target} exists and is not an empty folder. Name another DIR, or remove it first; --force replaces a model.")
            : target;
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
}
