using System.Text.Json.Serialization.Metadata;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>How the format of model folders may change from release to release.</summary>
public sealed class ModelFolderFormatTests
{
    // What format 2 asks of a folder. A member that is added here would refuse the folders of every earlier release: make
    // it optional. See decision 0090.
    private static readonly string[] RequiredInFormat2 =
    [
        "createdBy", "files", "files.path", "files.sha256", "files.size", "formatVersion", "language", "name", "precision",
        "precision.decoder", "precision.embedding", "precision.head", "precision.vision", "signatures", "signatures.inputs",
        "signatures.inputs.name", "signatures.inputs.shape", "signatures.inputs.type", "signatures.outputs",
        "signatures.outputs.name", "signatures.outputs.shape", "signatures.outputs.type", "source", "source.architecture",
        "source.files", "source.name", "visualTokens",
    ];

    private static readonly Type[] Parts =
    [
        typeof(ModelManifest), typeof(ModelSource), typeof(ModelPrecision), typeof(GraphSignature), typeof(TensorSignature), typeof(ModelFile),
    ];

    [Fact]
    public void Nothing_has_become_required_since_the_oldest_format_that_is_read()
    {
        Assert.Equal(2, ModelManifest.OldestFormat);
        Assert.Equal(RequiredInFormat2, Required(typeof(ModelManifest), "").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("4")]
    [InlineData("2147483647")]
    public void A_folder_of_a_newer_format_is_refused_with_its_maker_and_the_advice_to_update(string version)
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.json", $$"""{ "formatVersion": {{version}}, "createdBy": "mobilevlm 9.1.0", "name": [] }""");
        var refusal = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(folder.Path));
        Assert.Contains("made by a newer program (mobilevlm 9.1.0)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"format is version {version}, this program reads versions 2 to 3", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Update this program", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("\"two\"")]
    [InlineData("2.5")]
    [InlineData("null")]
    public void A_folder_of_an_older_or_missing_format_has_to_be_imported_again(string version)
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.json", $$"""{ "formatVersion": {{version}} }""");
        var refusal = Assert.Throws<ModelFolderException>(() => ModelFolder.Open(folder.Path));
        Assert.Contains("Import the model again with this program", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("newer", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_import_records_its_importer_and_leaves_nothing_to_improve()
    {
        var manifest = GoldenModel.Get("mobilevlm-v1").Folder.Manifest;
        Assert.NotNull(manifest.Importer);
        Assert.Equal(ImporterStamp.CurrentRevision, manifest.Importer.Revision);
        Assert.Matches(@"^\d+\.\d+\.\d+", manifest.Importer.Version);
        Assert.Empty(ImportAdvice.For(manifest));
    }

    [Fact]
    public void Each_thing_that_a_folder_lacks_is_a_reason_to_import_it_again()
    {
        var manifest = GoldenModel.Get("mobilevlm-v1").Folder.Manifest;
        Assert.Equal("importerNotRecorded", Reason(manifest with { Importer = null }));
        Assert.Equal("hiddenStatesMissing", Reason(manifest with
        {
            Signatures = manifest.Signatures.ToDictionary(it => it.Key, it => it.Value with
            {
                Outputs = [.. it.Value.Outputs.Where(output => output.Name != DecoderTensors.LastHidden)],
            }),
        }));
        Assert.Equal("selfTestMissing", Reason(manifest with { SelfTest = null }));
        Assert.Equal("fingerprintMissing", Reason(manifest with { Source = manifest.Source with { Fingerprint = null } }));
        Assert.Equal("prefillMissing", Reason(manifest with
        {
            Precision = manifest.Precision with { Decoder = "int4-b32" },
            Loss = new ModelLoss("6 drawn pictures", null, new LogitLoss(1, 0, 0, 1), null),
        }));
        Assert.Equal("lossNotMeasured", Reason(manifest with { Precision = manifest.Precision with { Vision = "w8a7" } }));

        // A context too short for a self-test is not a reason: the next import would omit it as well.
        Assert.Empty(ImportAdvice.For(manifest with
        {
            SelfTest = null,
            Language = manifest.Language with { MaxPositions = manifest.VisualTokens + 8 },
        }));
    }

    private static string Reason(ModelManifest manifest) => Assert.Single(ImportAdvice.For(manifest)).Reason;

    private static IEnumerable<string> Required(Type type, string before) =>
        ManifestJson.Default.GetTypeInfo(type)!.Properties.SelectMany(property =>
        {
            var element = Element(property.PropertyType);
            var below = Parts.Contains(element) ? Required(element, $"{before}{property.Name}.") : [];
            return property.IsRequired || IsRequiredParameter(property) ? below.Prepend(before + property.Name) : [];
        });

    private static bool IsRequiredParameter(JsonPropertyInfo property) =>
        property.AssociatedParameter is { HasDefaultValue: false, IsMemberInitializer: false };

    private static Type Element(Type type) => !type.IsGenericType || Nullable.GetUnderlyingType(type) is not null
        ? type
        : type.GetGenericArguments()[^1];
}
