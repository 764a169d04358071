using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>The base of the rotary embedding, which transformers 4 writes as <c>rope_theta</c> and transformers 5 as a member of
/// <c>rope_parameters</c>. Every way of scaling positions is refused.</summary>
internal static class RotaryReader
{
    private const string ThetaKey = "rope_theta";
    private const string FactorKey = "factor";

    /// <summary>What LlamaConfig of transformers assumes.</summary>
    private const float DefaultTheta = 10000;

    private static readonly string[] Sections = ["rope_parameters", "rope_scaling"];

    /// <summary>Keys of a section that leave positions as they are, or are checked here.</summary>
    private static readonly string[] KnownKeys =
        ["rope_type", "type", ThetaKey, FactorKey, "partial_rotary_factor", "original_max_position_embeddings"];

    /// <summary>Types that leave positions as they are when their factor is 1.</summary>
    private static readonly string[] FactorTypes = ["linear", "dynamic"];

    /// <summary>Reads the base.</summary>
    /// <exception cref="CheckpointException">Positions are scaled, or two keys differ.</exception>
    public static float Theta(ConfigFields fields)
    {
        var theta = fields.Has(ThetaKey) ? fields.Positive(ThetaKey) : (float?)null;
        foreach (var section in Sections.Select(fields.Section).OfType<ConfigFields>())
        {
            CheckScaling(section);
            if (section.Has(ThetaKey))
            {
                var own = section.Positive(ThetaKey);
                theta = theta is null || theta == own
                    ? own
                    : throw section.Error(ThetaKey, $"the same number wherever '{ThetaKey}' stands, and it is also {theta}");
            }
        }

        return theta ?? DefaultTheta;
    }

    private static void CheckScaling(ConfigFields section)
    {
        foreach (var key in section.Keys().Except(KnownKeys))
        {
            throw section.Error(key, "null, because positions cannot be scaled");
        }

        var typeKey = section.Has("rope_type") ? "rope_type" : "type";
        var type = section.Text(typeKey) ?? "default";
        section.MustBe("partial_rotary_factor", IsOne, "1");
        section.MustBe(FactorKey, IsOne, "1, because positions cannot be scaled");
        if (type != "default" && !(FactorTypes.Contains(type) && section.Has(FactorKey)))
        {
            throw section.Error(typeKey, "\"default\", because positions cannot be scaled");
        }
    }

    private static bool IsOne(JsonElement value) => ConfigFields.IsNumber(value, 1);
}
