using System.Text.Json;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>The projector, which turns CLIP's patches into visual tokens: its properties that run-time code needs. The importer
/// has its graph and its tensors.</summary>
/// <remarks>A closed set: <see cref="All"/> is the only list.</remarks>
[JsonConverter(typeof(ProjectorTypeConverter))]
public sealed class ProjectorType
{
    /// <summary>LDPv2 pools every input to this grid; only whole pooling windows are supported.</summary>
    private const int PooledGrid = 12;

    private readonly Func<VisionConfig, int> _tokenGrid;
    private readonly Func<double, double, double> _squareRows;
    private readonly bool _pools;

    private ProjectorType(
        string name, string configName, Func<VisionConfig, int> tokenGrid, Func<double, double, double> squareRows, bool pools) =>
        (Name, ConfigName, _tokenGrid, _squareRows, _pools) = (name, configName, tokenGrid, squareRows, pools);

    /// <summary>MobileVLM. The depthwise convolution of its second block, 3x3 of stride 2 with padding 1, halves the grid.</summary>
    public static ProjectorType Ldp { get; } = new(
        "Ldp",
        "ldpnet",
        vision => (vision.GridSize + 1) / 2,
        (patches, tokens) => patches + (patches + tokens),
        pools: false);

    /// <summary>MobileVLM V2. It has no pointwise convolutions, and the MLP's second layer multiplies pooled rows.</summary>
    public static ProjectorType LdpV2 { get; } = new(
        "LdpV2",
        "ldpnetv2",
        _ => PooledGrid,
        (_, tokens) => tokens,
        pools: true);

    /// <summary>Every projector that this program knows.</summary>
    public static IReadOnlyList<ProjectorType> All { get; } = [Ldp, LdpV2];

    /// <summary>The name in a model folder's manifest: <c>LdpV2</c>.</summary>
    public string Name { get; }

    /// <summary>The value of <c>mm_projector_type</c> in a checkpoint's config.json: <c>ldpnetv2</c>.</summary>
    public string ConfigName { get; }

    /// <summary>Visual tokens along one side of the square that the projector makes of a picture.</summary>
    public int TokenGrid(VisionConfig vision) => _tokenGrid(vision);

    /// <summary>Visual tokens that the projector makes of one picture.</summary>
    public int TokenCount(VisionConfig vision) => TokenGrid(vision) * TokenGrid(vision);

    /// <summary>Multiplications and additions for one picture: 2hH per patch for the MLP's first layer from the encoder's width h
    /// into the decoder's width H; 2H² per patch for the second, and per patch and per visual token for pointwise convolutions
    /// (LDP), or 2H² per visual token (LDPv2).</summary>
    /// <param name="vision">The encoder's sizes.</param>
    /// <param name="hidden">The decoder's width.</param>
    public double Operations(VisionConfig vision, int hidden)
    {
        double h = vision.HiddenSize, square = (double)hidden * hidden;
        return 2 * ((vision.Patches * h * hidden) + (square * _squareRows(vision.Patches, TokenCount(vision))));
    }

    /// <summary>Why the projector cannot be used behind a vision encoder of these sizes, as the rest of a sentence that
    /// begins with its name; null where it can.</summary>
    public string? Refusal(VisionConfig vision)
    {
        var tokens = TokenGrid(vision);
        return !_pools || vision.GridSize % tokens == 0
            ? null
            : $"pools the vision tower's grid of {vision.GridSize} x {vision.GridSize} patches to {tokens} x {tokens}; that is not "
                + "a whole number of patches each, and is not supported. The published models have 24 x 24 (336 pixels, patches of "
                + "14). Use a checkpoint with such a tower.";
    }

    public override string ToString() => Name;
}

/// <summary>Writes a projector as its <see cref="ProjectorType.Name"/>, and refuses names that are not in
/// <see cref="ProjectorType.All"/>.</summary>
internal sealed class ProjectorTypeConverter : JsonConverter<ProjectorType>
{
    public override ProjectorType Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var name = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return ProjectorType.All.FirstOrDefault(type => type.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new JsonException(
                $"The projector is '{name}'; known are {string.Join(", ", ProjectorType.All.Select(type => type.Name))}.");
    }

    public override void Write(Utf8JsonWriter writer, ProjectorType value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Name);
}
