using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>config.json into a checked <see cref="ModelConfig"/>. A setting that would change the arithmetic and is not
/// implemented is refused here, before anything large is read.</summary>
internal static class ConfigReader
{
    private const string TextArchitecture = "LlamaForCausalLM";

    /// <summary>MobileVLM's, LLaMA's and LLaVA-1.5's, which all have LLaMA's decoder.</summary>
    private static readonly string[] Architectures = ["MobileLlamaForCausalLM", TextArchitecture, "LlavaLlamaForCausalLM"];

    /// <summary>Key of config.json that names the projector.</summary>
    public const string ProjectorKey = "mm_projector_type";

    public static (ModelConfig Config, VisionTower? Tower) Read(CheckpointFolder folder)
    {
        var path = folder.FindFile(CheckpointLayout.Config)
            ?? throw new CheckpointException(
                folder.Path, "holds no config.json. Give the folder of a Hugging Face checkpoint, not one above it.");
        var fields = new ConfigFields(path, JsonFile.Read(path));
        var architecture = Architecture(fields);
        var language = ReadLanguage(fields);
        var hasVision = fields.Has(CheckpointLayout.VisionTowerKey) || fields.Has(ProjectorKey) || architecture != TextArchitecture;
        if (folder.VisionTower is not null && !hasVision)
        {
            throw new CheckpointException(path, $"has no '{ProjectorKey}': it is a model of text only. Leave --vision-tower out.");
        }

        var tower = hasVision ? VisionTower.Find(folder, fields) : null;
        var vision = tower is null ? null : VisionConfigReader.Read(fields, tower, folder);
        var config = new ModelConfig(
            folder.Name(),
            architecture,
            language,
            vision,
            vision is null ? null : Projector(fields),
            fields.Text("license") ?? ModelCard.License(folder));
        return (config, tower);
    }

    private static string Architecture(ConfigFields fields)
    {
        var architecture = fields.FirstText("architectures");
        return Architectures.Contains(architecture)
            ? architecture!
            : throw fields.Error("architectures", string.Join(" or ", Architectures.Select(name => $"[\"{name}\"]")));
    }

    /// <summary>Sizes of the decoder.</summary>
    /// <exception cref="CheckpointException">They are missing or not supported.</exception>
    public static LanguageConfig ReadLanguage(ConfigFields fields)
    {
        fields.MustBe("hidden_act", "silu", fallback: "silu");
        ArithmeticKeys.CheckDecoder(fields);
        var hidden = fields.Integer("hidden_size", 1, ModelLimits.DecoderWidth);
        var heads = fields.Integer("num_attention_heads", 1, hidden);
        if (hidden % heads != 0 || hidden / heads % 2 != 0 || hidden / heads > ModelLimits.HeadWidth)
        {
            throw fields.Error(
                "num_attention_heads", $"a number that splits hidden_size {hidden} into even parts of at most {ModelLimits.HeadWidth}");
        }

        if (fields.Integer("head_dim", 1, ModelLimits.DecoderWidth, fallback: hidden / heads) != hidden / heads)
        {
            throw fields.Error("head_dim", $"hidden_size / num_attention_heads = {hidden / heads}");
        }

        var keyValueHeads = fields.Integer("num_key_value_heads", 1, heads, fallback: heads);
        if (heads % keyValueHeads != 0)
        {
            throw fields.Error("num_key_value_heads", $"a divisor of num_attention_heads {heads}");
        }

        var vocabulary = fields.Integer("vocab_size", 1, ModelLimits.Tokens);
        var positionsKey = fields.Has("max_position_embeddings") ? "max_position_embeddings" : "max_sequence_length";
        return new LanguageConfig(
            hidden,
            fields.Integer("intermediate_size", 1, ModelLimits.DecoderWidth),
            fields.Integer("num_hidden_layers", 1, ModelLimits.DecoderLayers),
            heads,
            keyValueHeads,
            vocabulary,
            // These fallbacks are what transformers' LlamaConfig assumes.
            fields.Positive("rms_norm_eps", fallback: 1e-6f),
            RotaryReader.Theta(fields),
            fields.Integer(positionsKey, 1, ModelLimits.Context, fallback: 2048),
            fields.OneInteger("bos_token_id", 0, vocabulary - 1, fallback: Math.Min(1, vocabulary - 1)),
            fields.OneInteger("eos_token_id", 0, vocabulary - 1, fallback: Math.Min(2, vocabulary - 1)),
            fields.Flag("tie_word_embeddings", fallback: false));
    }

    private static ProjectorType Projector(ConfigFields fields) =>
        ProjectorType.Find(fields.Text(ProjectorKey)) ?? throw fields.Error(ProjectorKey, ProjectorType.Supported);
}
