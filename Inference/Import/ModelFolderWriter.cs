using System.Reflection;
using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>Writes the parts of one model folder, each with its size and hash, and the manifest that lists them. A part
/// that is written again replaces the one before.</summary>
internal sealed class ModelFolderWriter(Checkpoint checkpoint, byte[] tokenizer, string fingerprint, string folder)
{
    private readonly List<ModelFile> _files = [];
    private readonly Dictionary<string, GraphSignature> _signatures = [];
    private readonly Dictionary<string, IReadOnlyDictionary<string, WeightLocation>> _weightLocations = [];

    private static string ProgramVersion { get; } =
        typeof(ModelImporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The places of a written graph's weights in its external file.</summary>
    public IReadOnlyDictionary<string, WeightLocation> WeightLocations(string file) => _weightLocations[file];

    /// <summary>Visual tokens of one picture; 0 for a model of text only.</summary>
    public int VisualTokenCount => checkpoint.Config is { Vision: { } vision, Projector: { } projector }
        ? projector.TokenCount(vision)
        : 0;

    public void WriteGraph(string file, OnnxGraph graph)
    {
        var dataFile = DataFile(file);
        Remove(file);
        Remove(dataFile);
        using (var data = new ExternalDataFile(Path.Combine(folder, dataFile)))
        {
            graph.WriteWeights(data);
            var (size, sha256) = data.Finish();
            _files.Add(new ModelFile(dataFile, size, sha256));
        }

        WriteFile(file, graph.Save);
        _weightLocations[file] = graph.WeightLocations;
        _signatures[file] = SessionFactory.Describe(Path.Combine(folder, file));
    }

    /// <summary>The file of a graph's weights.</summary>
    public static string DataFile(string file) => $"{file}.data";

    public void WriteFile(string file, Action<Stream> write)
    {
        using var stream = new HashingStream(new FileStream(Path.Combine(folder, file), FileMode.CreateNew));
        write(stream);
        var (size, sha256) = stream.Finish();
        _files.Add(new ModelFile(file, size, sha256));
    }

    public void WriteTokenizer() => WriteFile(ModelFolder.TokenizerFile, stream => stream.Write(tokenizer));

    /// <summary>Writes the manifest. It comes last, so that a folder with a manifest is complete.</summary>
    public void WriteManifest(ModelPrecision precision, ModelLoss? loss, SelfTestRecord? selfTest)
    {
        var config = checkpoint.Config;
        var manifest = new ModelManifest
        {
            FormatVersion = ModelManifest.CurrentFormat,
            Name = config.Name,
            CreatedBy = $"mobilevlm {ProgramVersion}",
            Importer = new ImporterStamp(ProgramVersion.Split('+')[0], ImporterStamp.CurrentRevision),
            Source = new ModelSource(config.Name, config.Architecture, [.. checkpoint.WeightFiles.Select(f => Path.GetFileName(f))], fingerprint)
            {
                VisionTower = checkpoint.TowerSource,
                Notes = checkpoint.Notes.Count == 0 ? null : checkpoint.Notes,
            },
            Language = config.Language,
            Vision = config.Vision,
            Projector = config.Projector,
            VisualTokens = VisualTokenCount,
            Precision = precision,
            Loss = loss,
            SelfTest = selfTest,
            Scoring = config.Vision is null
                ? null
                : new ScoringDefaults(PublishedDecoders.SuffixOf(config.Language), ScoringDefaults.UsualMinMass),
            Signatures = _signatures,
            Files = _files,
            License = config.License,
        };
        using var stream = new FileStream(Path.Combine(folder, ModelManifest.FileName), FileMode.Create);
        JsonSerializer.Serialize(stream, manifest, ManifestJson.Default.ModelManifest);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Removes a graph and its weights, so that the folder does not have it.</summary>
    public void RemoveGraph(string file)
    {
        Remove(file);
        Remove(DataFile(file));
        _signatures.Remove(file);
    }

    private void Remove(string file)
    {
        if (_files.RemoveAll(f => f.Path == file) > 0)
        {
            File.Delete(Path.Combine(folder, file));
        }
    }
}
