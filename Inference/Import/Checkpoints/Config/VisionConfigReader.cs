using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>The mm_ keys of config.json and the tower's own configuration into a <see cref="VisionConfig"/>.</summary>
internal static class VisionConfigReader
{
    public static VisionConfig Read(ConfigFields model, VisionTower tower, CheckpointFolder checkpoint)
    {
        model.MustBe("vision_tower_type", "clip", fallback: "clip");
        ArithmeticKeys.CheckPicture(model);
        model.MustBe("mm_vision_select_feature", "patch", fallback: "patch");

        // Absent means that pictures were cropped at training, so there is no fallback.
        model.MustBe("image_aspect_ratio", "pad", fallback: null);
        var vision = Sizes(tower);
        var width = model.Integer("mm_hidden_size", 1, ModelLimits.VisionWidth, fallback: vision.HiddenSize);
        if (width != vision.HiddenSize)
        {
            throw tower.Folder is null
                ? tower.Missing(model.File, $"'mm_hidden_size' is {width}, that of {ClipTower.Repository} is {vision.HiddenSize}")
                : model.Error("mm_hidden_size", $"the vision tower's hidden_size, {vision.HiddenSize}");
        }

        var layer = model.Integer("mm_vision_select_layer", -vision.Layers, vision.Layers, fallback: -2);
        vision = vision with { SelectLayer = layer };
        if (vision.LayersUsed < 1)
        {
            throw model.Error("mm_vision_select_layer", $"a layer of the tower's {vision.Layers}, from -{vision.Layers}");
        }

        return Pixels(vision, tower.Folder, checkpoint);
    }

    private static VisionConfig Sizes(VisionTower tower)
    {
        if (tower.Folder is null)
        {
            return ClipTower.Sizes;
        }

        var path = tower.Folder.FindFile(CheckpointLayout.Config)
            ?? throw new CheckpointException(
                tower.Folder.Path, $"holds no config.json of the vision tower. {tower.Remedy}");
        var whole = new ConfigFields(path, JsonFile.Read(path));
        var fields = whole.Section("vision_config") ?? whole;

        // Fallbacks are those of transformers' CLIPVisionConfig.
        ArithmeticKeys.CheckTower(whole);
        ArithmeticKeys.CheckTower(fields);
        fields.MustBe("hidden_act", "quick_gelu", fallback: "quick_gelu");
        fields.Integer("num_channels", 3, 3, fallback: 3);
        var hidden = fields.Integer("hidden_size", 1, ModelLimits.VisionWidth);
        var heads = fields.Integer("num_attention_heads", 1, hidden);
        if (hidden % heads != 0)
        {
            throw fields.Error("num_attention_heads", $"a divisor of hidden_size {hidden}");
        }

        var image = fields.Integer("image_size", 1, ModelLimits.ImageSize);
        var patch = fields.Integer("patch_size", 1, image);
        if (image % patch != 0)
        {
            throw fields.Error("patch_size", $"a divisor of image_size {image}");
        }

        return ClipTower.Sizes with
        {
            HiddenSize = hidden,
            IntermediateSize = fields.Integer("intermediate_size", 1, ModelLimits.VisionWidth),
            Layers = fields.Integer("num_hidden_layers", 1, ModelLimits.VisionLayers),
            Heads = heads,
            ImageSize = image,
            PatchSize = patch,
            LayerNormEpsilon = fields.Positive("layer_norm_eps", fallback: 1e-5f),
        };
    }

    private static VisionConfig Pixels(VisionConfig vision, CheckpointFolder? tower, CheckpointFolder checkpoint)
    {
        var path = tower?.FindFile(CheckpointLayout.Preprocessor) ?? checkpoint.FindFile(CheckpointLayout.Preprocessor);
        return path is null ? vision : PreprocessorReader.Read(vision, path);
    }
}
