using MobileVlm.Edge.Inference.Import.Checkpoints.Config;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>The folder of the vision tower's configuration, and perhaps of its weights.</summary>
/// <param name="Name">The value of mm_vision_tower.</param>
/// <param name="Folder">Null when the checkpoint has none; the tower is then <see cref="ClipTower"/>.</param>
internal sealed record VisionTower(string Name, CheckpointFolder? Folder)
{
    /// <summary>Instruction for the user when the weights of the tower are missing.</summary>
    public string Remedy =>
        $"Download the repository '{(Name == CheckpointLayout.VisionTowerFolder ? ClipTower.Repository : Name)}' from Hugging Face and put "
        + $"its {CheckpointLayout.Config}, {CheckpointLayout.Preprocessor} and weights into the folder "
        + $"'{CheckpointLayout.VisionTowerFolder}' beside {CheckpointLayout.Config}.";

    public static VisionTower Find(CheckpointFolder folder, ConfigFields fields)
    {
        var name = fields.Text(CheckpointLayout.VisionTowerKey)
            ?? throw fields.Error(CheckpointLayout.VisionTowerKey, $"a folder inside the checkpoint, or \"{ClipTower.Repository}\"");
        var inside = folder.FindFolder(name) ?? folder.FindFolder(CheckpointLayout.VisionTowerFolder);
        var tower = new VisionTower(name, inside);
        return inside is not null || ClipTower.IsNamedBy(name)
            ? tower
            : throw new CheckpointException(
                fields.File,
                $"'{CheckpointLayout.VisionTowerKey}' is \"{name}\", which is neither a folder inside the checkpoint nor a tower whose "
                + $"sizes are known ({ClipTower.Repository}). {tower.Remedy}");
    }
}
