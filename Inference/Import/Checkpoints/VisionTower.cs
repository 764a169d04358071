using MobileVlm.Edge.Inference.Import.Checkpoints.Config;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>The folder of the vision tower's configuration, and perhaps of its weights.</summary>
/// <param name="Name">The value of mm_vision_tower; null where the user chose the tower and config.json names none.</param>
/// <param name="Folder">Null where there is none; the tower is then <see cref="ClipTower"/>, whose weights are in the
/// checkpoint.</param>
internal sealed record VisionTower(string? Name, CheckpointFolder? Folder)
{
    /// <summary>Instruction for the user when the tower, or its weights, are missing.</summary>
    public string Remedy
    {
        get
        {
            var repository = Name is not null && ClipTower.IsNamedBy(Name) ? $" (from Hugging Face, repository '{Repository}')" : "";
            return $"Name the folder that holds the tower's {CheckpointLayout.Config}, {CheckpointLayout.Preprocessor} and weights{repository} with "
                + $"--vision-tower FOLDER, or put it as folder '{CheckpointLayout.VisionTowerFolder}' beside {CheckpointLayout.Config}.";
        }
    }

    private string Repository => Name is not null && Name.Count(letter => letter == '/') == 1 && CheckpointFolder.IsPlain(Name) ? Name : ClipTower.Repository;

    /// <summary>Finds the tower: the one that the user chose, else a folder inside the checkpoint or beside it that has the last part of
    /// mm_vision_tower, which may be a path of the machine that trained the model. No other path is read.</summary>
    /// <exception cref="CheckpointException">mm_vision_tower is missing or not a text, and the user chose no tower.</exception>
    public static VisionTower Find(CheckpointFolder folder, ConfigFields fields)
    {
        if (folder.VisionTower is { } chosen)
        {
            return new VisionTower(fields.TextOrNull(CheckpointLayout.VisionTowerKey), chosen);
        }

        var name = fields.Text(CheckpointLayout.VisionTowerKey)
            ?? throw fields.Error(CheckpointLayout.VisionTowerKey, $"a folder, or \"{ClipTower.Repository}\"");
        var last = LastPart(name);
        return new VisionTower(
            name,
            CheckpointLayout.VisionTowerFolders(name).Select(folder.FindFolder).FirstOrDefault(inside => inside is not null)
                ?? (last is null ? null : folder.FindFolderBeside(last)));
    }

    /// <summary>The last part of a path of any system; null where that is not a name.</summary>
    public static string? LastPart(string path)
    {
        var last = path.TrimEnd('/', '\\').Split('/', '\\')[^1];
        return CheckpointFolder.IsPlain(last) ? last : null;
    }

    /// <summary>Why weights inside a checkpoint without the tower's folder are not those of <see cref="ClipTower"/>; null where they
    /// are.</summary>
    /// <param name="tensors">By their normalised names.</param>
    public static string? DifferenceFromPublished(IReadOnlyDictionary<string, CheckpointTensor> tensors)
    {
        const string layers = "vision.encoder.layers.";
        var known = ClipTower.Sizes;
        (string Name, long[] Shape)[] expected =
        [
            ("vision.embeddings.class_embedding", [known.HiddenSize]),
            ("vision.embeddings.patch_embedding.weight", [known.HiddenSize, 3, known.PatchSize, known.PatchSize]),
            ("vision.embeddings.position_embedding.weight", [known.Patches + 1, known.HiddenSize]),
            ($"{layers}0.mlp.fc1.weight", [known.IntermediateSize, known.HiddenSize]),
        ];
        foreach (var (name, shape) in expected)
        {
            if (!tensors.TryGetValue(name, out var tensor) || !tensor.Shape.SequenceEqual(shape))
            {
                return $"'{name}' is {(tensor is null ? "missing" : Shapes.Text(tensor.Shape))}, that of {ClipTower.Repository} is {Shapes.Text(shape)}";
            }
        }

        var count = tensors.Keys.Where(name => name.StartsWith(layers, StringComparison.Ordinal))
            .Select(name => name[layers.Length..].Split('.')[0]).Distinct().Count();
        return count == known.Layers ? null : $"they have {count} layers, {ClipTower.Repository} has {known.Layers}";
    }

    /// <summary>The error for a tower of which neither a folder nor fitting weights are there.</summary>
    /// <param name="file">config.json.</param>
    /// <param name="difference">What about the checkpoint does not fit <see cref="ClipTower"/>.</param>
    public CheckpointException Missing(string file, string difference)
    {
        var last = Name is null ? null : LastPart(Name);
        return new CheckpointException(
            file,
            $"'{CheckpointLayout.VisionTowerKey}' is \"{Name}\", "
            + (last is null ? "which names no folder" : $"and neither inside the checkpoint nor beside it is a folder '{last}'")
            + $"; the vision weights inside cannot be used without it: {difference}. {Remedy}");
    }
}
