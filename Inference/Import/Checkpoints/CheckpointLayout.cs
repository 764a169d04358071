namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Names of the files beside the weights of a published checkpoint, as Hugging Face's libraries write them. The
/// weights' own names are those of <see cref="Formats.CheckpointFormats"/>.</summary>
public static class CheckpointLayout
{
    /// <summary>Sizes and settings of the model, and of a vision tower in the tower's folder.</summary>
    public const string Config = "config.json";

    /// <summary>The SentencePiece model.</summary>
    public const string Tokenizer = "tokenizer.model";

    /// <summary>Settings of the tokenizer; not read by the importer.</summary>
    public const string TokenizerConfig = "tokenizer_config.json";

    /// <summary>Mean and deviation of the pixels, in the tower's folder or beside the weights.</summary>
    public const string Preprocessor = "preprocessor_config.json";

    /// <summary>The model card, which states the licence.</summary>
    public const string ModelCard = "README.md";

    /// <summary>Folder of a vision tower that config.json names by its repository.</summary>
    public const string VisionTowerFolder = "vision_tower";

    /// <summary>Key of <see cref="Config"/> that names a model's vision tower: a folder of the checkpoint or a repository.</summary>
    public const string VisionTowerKey = "mm_vision_tower";

    /// <summary>Folders inside a checkpoint that may hold its vision tower, in the order in which they are tried: the value of
    /// <see cref="VisionTowerKey"/>, its last part, <see cref="VisionTowerFolder"/>.</summary>
    /// <param name="visionTower">The value, which may be a path of the machine that trained the model.</param>
    public static IReadOnlyList<string> VisionTowerFolders(string visionTower) =>
    [
        .. new[] { CheckpointFolder.IsPlain(visionTower) ? visionTower : null, VisionTower.LastPart(visionTower), VisionTowerFolder }
            .OfType<string>().Distinct(),
    ];

    /// <summary>Files to fetch beside the weights: those that the importer reads and those that say how the
    /// publisher used the model.</summary>
    public static IReadOnlyList<string> SmallFiles { get; } =
        [Config, Tokenizer, TokenizerConfig, "generation_config.json", Preprocessor, ModelCard];

    /// <summary>Files beside the weights of a vision tower.</summary>
    public static IReadOnlyList<string> VisionTowerSmallFiles { get; } = [Config, Preprocessor];
}
