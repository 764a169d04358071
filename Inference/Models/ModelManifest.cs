using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Inference.Models;

/// <summary><c>model.json</c>: what a model folder contains, and the inputs and outputs of its graphs.</summary>
public sealed record ModelManifest
{
    /// <summary>Version of the folder's layout that this program writes, and the newest that it reads.</summary>
    /// <remarks>It rises only with a member that a program must not ignore: one that does not know it would compute
    /// something wrong. Any other new member is optional and does not change it. All changes between two releases are one
    /// new version.</remarks>
    public const int CurrentFormat = 3;

    /// <summary>The oldest version that this program reads: that of release 0.1.0.</summary>
    public const int OldestFormat = 2;

    public const string FileName = "model.json";

    public required int FormatVersion { get; init; }

    /// <summary>Name of the model for users, logs and MQTT.</summary>
    public required string Name { get; init; }

    /// <summary>Program and version that wrote the folder.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>The importer that wrote the folder, for programs; null in folders of release 0.1.0 and before.</summary>
    public ImporterStamp? Importer { get; init; }

    public required ModelSource Source { get; init; }

    public required LanguageConfig Language { get; init; }

    /// <summary>Null for a text-only model.</summary>
    public VisionConfig? Vision { get; init; }

    public ProjectorType? Projector { get; init; }

    /// <summary>Visual tokens of one picture; 0 for a text-only model.</summary>
    public required int VisualTokens { get; init; }

    public required ModelPrecision Precision { get; init; }

    /// <summary>Loss of accuracy caused by the precision, measured against float32; null where all is float32 or nothing was measured.</summary>
    public ModelLoss? Loss { get; init; }

    /// <summary>Results of the finished model at import, for the self-test; null in folders of older versions, and where
    /// it does not fit into the context.</summary>
    public SelfTestRecord? SelfTest { get; init; }

    /// <summary>How yes/no and choice questions are asked by default; null in folders of older versions
    /// (<see cref="ScoringDefaults.None"/>).</summary>
    public ScoringDefaults? Scoring { get; init; }

    /// <summary>Inputs and outputs of each graph, by its file.</summary>
    public required IReadOnlyDictionary<string, GraphSignature> Signatures { get; init; }

    public required IReadOnlyList<ModelFile> Files { get; init; }

    /// <summary>License as the checkpoint declares it; null when it does not.</summary>
    public string? License { get; init; }
}

/// <summary>The importer that wrote a model folder.</summary>
/// <param name="Version">The program's, as <c>0.1.0</c>.</param>
/// <param name="Revision">Rises whenever importing the same checkpoint again gives something better, from 1;
/// <see cref="ImportAdvice"/> lists it.</param>
public sealed record ImporterStamp(string Version, int Revision)
{
    /// <summary>Revision of this program's importer.</summary>
    public const int CurrentRevision = 3;
}

/// <summary>The checkpoint that a model was imported from.</summary>
/// <param name="Name">Name of the checkpoint's folder or repository.</param>
/// <param name="Architecture">As in its config.json.</param>
/// <param name="Files">Its weight files.</param>
/// <param name="Fingerprint">Equal for imports of the same files in the same precision; null in older folders.</param>
public sealed record ModelSource(string Name, string Architecture, IReadOnlyList<string> Files, string? Fingerprint = null)
{
    /// <summary>Where sizes and weights of the vision tower are from, for people; null where all is from one place, and in older
    /// folders.</summary>
    public string? VisionTower { get; init; }

    /// <summary>What was found in the files, a sentence each, for people; null where there is nothing to report.</summary>
    public IReadOnlyList<string>? Notes { get; init; }
}

/// <summary>Precision of each part, for people: <c>fp32</c>, <c>int4-b32</c>, …</summary>
public sealed record ModelPrecision(string? Vision, string Decoder, string Head, string Embedding)
{
    /// <summary>Precision of the decoder's sensitive layers, where it differs from the others.</summary>
    public string? Sensitive { get; init; }

    /// <summary>Precision of the vision encoder's matrices whose inputs have outliers, where it differs from the
    /// others.</summary>
    [JsonPropertyName("visionGuarded")]
    public string? VisionOutlierProne { get; init; }

    /// <summary>Precision of the projector's matrices; its convolutions are float32.</summary>
    public string? Projector { get; init; }

    /// <summary>Precision of the prefill weights; null where there are none.</summary>
    public string? Prefill { get; init; }

    /// <summary>Type in which the graphs compute and of the KV cache, where it is not float32.</summary>
    public string? Activations { get; init; }

    /// <summary>How weights were quantized; null where none were.</summary>
    /// <remarks>The member in the manifest is <c>rounding</c>.</remarks>
    [JsonPropertyName("rounding")]
    public string? Quantization { get; init; }

    /// <summary>Which matrices have the very integers of a quantized checkpoint and which were quantized again, a sentence for each part;
    /// null where none were kept.</summary>
    public IReadOnlyList<string>? Kept { get; init; }

    /// <summary>Why the import chose this precision; null where the user named it.</summary>
    public IReadOnlyList<string>? Choice { get; init; }
}

/// <summary>Inputs and outputs of one graph.</summary>
public sealed record GraphSignature(IReadOnlyList<TensorSignature> Inputs, IReadOnlyList<TensorSignature> Outputs);

/// <param name="Name">Name in the graph.</param>
/// <param name="Type">Element type, as <c>Float</c>, <c>Int32</c>, <c>Int64</c>.</param>
/// <param name="Shape">Sizes; -1 where the caller chooses.</param>
public sealed record TensorSignature(string Name, string Type, IReadOnlyList<int> Shape)
{
    public override string ToString() => $"{Type}[{string.Join(',', Shape)}]";
}

/// <param name="Path">Name inside the folder.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower-case hex.</param>
public sealed record ModelFile(string Path, long Size, string Sha256);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
