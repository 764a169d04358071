namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Where the vision tower's configuration, and perhaps its weights, are.</summary>
/// <param name="Name">What mm_vision_tower says.</param>
/// <param name="Folder">Null when the checkpoint carries none; the tower is then the well-known one.</param>
internal sealed record VisionTower(string Name, CheckpointFolder? Folder)
{
    /// <summary>Looked for when mm_vision_tower names a repository instead of a folder.</summary>
    public const string FolderName = "vision_tower";

    private const string WellKnown = "clip-vit-large-patch14-336";

    /// <summary>What to do when the weights of the tower are nowhere.</summary>
    public string Remedy =>
        $"Download the repository '{(Name == FolderName ? "openai/" + WellKnown : Name)}' from Hugging Face and put "
        + $"its config.json, preprocessor_config.json and weights into the folder '{FolderName}' beside config.json.";

    public static VisionTower Find(CheckpointFolder folder, ConfigFields fields)
    {
        var name = fields.Text("mm_vision_tower")
            ?? throw fields.Fault("mm_vision_tower", $"a folder inside the checkpoint, or \"openai/{WellKnown}\"");
        var inside = folder.FindFolder(name) ?? folder.FindFolder(FolderName);
        var tower = new VisionTower(name, inside);
        return inside is not null || name.Split('/')[^1] == WellKnown
            ? tower
            : throw new CheckpointException(
                fields.File,
                $"'mm_vision_tower' is \"{name}\", which is neither a folder inside the checkpoint nor a tower whose "
                + $"sizes are known (openai/{WellKnown}). {tower.Remedy}");
    }
}
