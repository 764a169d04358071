using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Inference.Models.Projectors;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>A projector, which turns CLIP's patches into visual tokens: its names, its sizes, its tensors and its layers.
/// Stateless.</summary>
/// <remarks>A closed set: <see cref="All"/> is the only list. A new projector is one file in
/// <c>Projectors</c> and its place in the list.</remarks>
[JsonConverter(typeof(ProjectorTypeConverter))]
public abstract class ProjectorType
{
    private protected ProjectorType(string name, string configName) => (Name, ConfigName) = (name, configName);

    /// <summary>MobileVLM.</summary>
    public static ProjectorType Ldp { get; } = new LdpProjector();

    /// <summary>MobileVLM V2.</summary>
    public static ProjectorType LdpV2 { get; } = new LdpV2Projector();

    /// <summary>Every projector that this program knows.</summary>
    public static IReadOnlyList<ProjectorType> All { get; } = [Ldp, LdpV2, new LinearProjector(), .. MlpGeluProjector.EveryDepth()];

    /// <summary>The values of <c>mm_projector_type</c> that can be imported, for messages.</summary>
    public static string Supported { get; } = string.Join(" or ", All.Select(type => type.ConfigPattern).Distinct());

    /// <summary>The name in a model folder's manifest: <c>LdpV2</c>.</summary>
    public string Name { get; }

    /// <summary>The value of <c>mm_projector_type</c> in a checkpoint's config.json: <c>ldpnetv2</c>.</summary>
    public string ConfigName { get; }

    /// <summary>The models that have it, for people: <c>MobileVLM V2</c>.</summary>
    public abstract string Family { get; }

    /// <summary>Whether the published loader takes the weights of the vision tower from the checkpoint. For all other
    /// projectors it takes them from the tower's own folder.</summary>
    public virtual bool TakesTowerFromCheckpoint => false;

    /// <summary><see cref="ConfigName"/> in quotes, or one pattern for several projectors that differ in a number.</summary>
    private protected virtual string ConfigPattern => $"\"{ConfigName}\"";

    /// <summary>The projector that a config.json names; null where it is not known.</summary>
    public static ProjectorType? Find(string? configName) => All.FirstOrDefault(type => type.ConfigName == configName);

    /// <summary>Visual tokens along one side of the square that the projector makes of a picture.</summary>
    public abstract int TokenGrid(VisionConfig vision);

    /// <summary>Visual tokens that the projector makes of one picture.</summary>
    public int TokenCount(VisionConfig vision) => TokenGrid(vision) * TokenGrid(vision);

    /// <summary>Multiplications and additions of the matrix products for one picture. With the encoder's width h and the decoder's
    /// width H: 2hH per patch for the first layer, and 2H² per row of each further layer.</summary>
    /// <param name="vision">The encoder's sizes.</param>
    /// <param name="hidden">The decoder's width.</param>
    public double Operations(VisionConfig vision, int hidden)
    {
        double h = vision.HiddenSize, square = (double)hidden * hidden;
        return 2 * ((vision.Patches * h * hidden) + (square * SquareRows(vision)));
    }

    public override string ToString() => Name;

    /// <summary>Rows that matrices of the decoder's width squared multiply for one picture, all such matrices together.</summary>
    private protected abstract double SquareRows(VisionConfig vision);

    /// <summary>Every tensor of the projector, in the order in which PyTorch saves them.</summary>
    /// <param name="features">Width of the patch features.</param>
    /// <param name="hidden">Width of the visual tokens.</param>
    internal abstract IEnumerable<TensorSpec> Tensors(int features, int hidden);

    /// <summary>Adds the projector to a graph that has <see cref="VisionTensors.PatchFeatures"/>; the result is
    /// <see cref="VisionTensors.VisualTokens"/>.</summary>
    /// <param name="builder">Writes its pieces.</param>
    /// <param name="features">Name of the patch features, [1, patches, width].</param>
    internal abstract void Write(IProjectorBuilder builder, string features);
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
