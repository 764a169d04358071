using System.Text.Json;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Finds out what has to be fetched, reading only lists, configurations and the names of tensors.</summary>
internal sealed class PullPlanner(HubClient hub, ImportChoice import)
{
    /// <summary>Folder in which the importer expects a tower that config.json names by its repository.</summary>
    private const string TowerFolder = CheckpointLayout.VisionTowerFolder + "/";

    private const int LargestConfig = 1 << 20;
    private const int LargestIndex = 16 << 20;

    // The names of some thousand tensors in either format have a few hundred kilobytes.
    private const int HeadBytes = 1 << 20;

    /// <param name="id">The repository.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="file">The decoder's file in a repository of GGUF files; null takes the only one.</param>
    /// <param name="mmproj">The file of its vision encoder; null takes the one that fits.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="HubException">There is no model that can be imported.</exception>
    public async Task<PullPlan> PlanAsync(string id, string revision, string? file, string? mmproj, CancellationToken cancel)
    {
        var listing = await hub.ListAsync(id, revision, cancel);
        if ((file ?? mmproj) is not null || (CheckpointFiles.Weights(listing, "") is { } entry && GgufRepository.IsGguf(entry.Name)))
        {
            return await GgufPlanAsync(listing, file, mmproj, cancel);
        }

        var configFile = listing.Find(CheckpointLayout.Config)
            ?? throw new HubException($"'{id}' has no {CheckpointLayout.Config}: it is not a model, or one in another form. Check the id.");
        using var config = CheckpointFiles.Parse(
            listing, configFile, await hub.ReadHeadAsync(listing, configFile, LargestConfig, cancel));
        var files = CheckpointFiles.SmallFiles(listing).Select(file => new PlannedFile(listing, file, file.Name)).ToList();
        var tower = config.RootElement.TryGetProperty(CheckpointLayout.VisionTowerKey, out var name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()!
            : null;

        var weights = await WeightsAsync(listing, "", tower is not null, cancel);
        if (weights.Files.Count == 0)
        {
            throw new HubException(
                $"'{id}' has no weights that can be imported (.safetensors or .bin as transformers writes them). Check the id.");
        }

        files.AddRange(weights.Files.Select(file => new PlannedFile(listing, file, file.Name)));
        if (tower is not null)
        {
            files.AddRange(await TowerAsync(listing, tower, weights.HasVision, cancel));
        }

        return new PullPlan(listing, files, ImportSize.Estimate(config.RootElement, files.Sum(file => file.File.Size), import.Precision, import.Calibration is not null));
    }

    /// <summary>Names do not tell which GGUF files belong together, so the start of each is read.</summary>
    private async Task<PullPlan> GgufPlanAsync(HubListing listing, string? decoder, string? mmproj, CancellationToken cancel)
    {
        var place = $"'{listing.Id}'";
        GgufModelFiles model;
        try
        {
            var names = listing.Files.Select(file => file.Name).Where(name => !name.Contains('/', StringComparison.Ordinal));
            var heads = new List<GgufHead>();
            foreach (var name in GgufRepository.FilesToRead(place, names, decoder, mmproj))
            {
                var file = listing.Find(name)!;
                heads.Add(new GgufHead(name, file.Size, await hub.ReadHeadAsync(listing, file, GgufRepository.HeadBytes, cancel)));
            }

            model = GgufRepository.Select(place, heads, decoder, mmproj);
        }
        catch (CheckpointException e)
        {
            throw new HubException(e.Message, e);
        }

        var files = CheckpointFiles.SmallFiles(listing)
            .Where(file => file.Name == CheckpointLayout.ModelCard)
            .Concat(model.Files.Select(name => listing.Find(name)
                ?? throw new HubException($"'{listing.Id}' has no '{name}', a part of the model. Try another --revision.")))
            .Select(file => new PlannedFile(listing, file, file.Name)).ToList();
        return new PullPlan(listing, files, ImportSize.Estimate(model.Weights, import.Precision)) { Decoder = model.Decoder, Mmproj = model.Mmproj };
    }

    private async Task<IReadOnlyList<PlannedFile>> TowerAsync(
        HubListing listing, string tower, bool hasVision, CancellationToken cancel)
    {
        var folders = CheckpointLayout.VisionTowerFolders(tower).Select(inside => $"{inside}/");
        if (folders.FirstOrDefault(f => listing.Find(f + CheckpointLayout.Config) is not null) is { } folder)
        {
            return await TowerInAsync(listing, folder, folder, withWeights: !hasVision, cancel);
        }

        // What is neither a folder of the checkpoint nor a repository is left for the importer to explain. The known tower's
        // sizes are built into the importer, which needs no file of it when the weights are elsewhere.
        if (!HubNames.IsRepository(tower) || (hasVision && ClipTower.IsNamedBy(tower)))
        {
            return [];
        }

        return await TowerInAsync(await hub.ListAsync(tower, "main", cancel), "", TowerFolder, withWeights: !hasVision, cancel);
    }

    private async Task<IReadOnlyList<PlannedFile>> TowerInAsync(
        HubListing listing, string from, string to, bool withWeights, CancellationToken cancel)
    {
        var weights = withWeights ? (await WeightsAsync(listing, from, checkVision: false, cancel)).Files : [];
        return [.. CheckpointFiles.TowerFiles(listing, from).Concat(weights)
            .Select(file => new PlannedFile(listing, file, to + file.Name[from.Length..]))];
    }

    private async Task<(IReadOnlyList<HubFile> Files, bool HasVision)> WeightsAsync(
        HubListing listing, string folder, bool checkVision, CancellationToken cancel)
    {
        if (CheckpointFiles.Weights(listing, folder) is not { } weights)
        {
            return ([], false);
        }

        if (CheckpointFormats.IsIndex(weights.Name))
        {
            var json = await hub.ReadHeadAsync(listing, weights, LargestIndex, cancel);
            var (shards, hasVision) = CheckpointFiles.ReadIndex(listing, folder, weights, json);
            return ([weights, .. shards], hasVision);
        }

        return ([weights], checkVision && TensorNames.HaveVisionWeights(await hub.ReadHeadAsync(listing, weights, HeadBytes, cancel)));
    }
}
