using System.Reflection;
using System.Text.Json;
using MobileVlm.Edge.Inference.Checkpoints;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Export;

/// <summary>Writes the parts of one model folder, each with its size and hash, and the manifest that lists them. A part
/// that is written again replaces the one before.</summary>
internal sealed class ModelFolderWriter(Checkpoint checkpoint, string tokenizer, string fingerprint, string folder)
{
    private readonly List<ModelFile> _files = [];
    private readonly Dictionary<string, GraphSignature> _signatures = [];

    public void WriteGraph(string file, OnnxGraph graph)
    {
        var dataFile = $"{file}.data";
        Remove(file);
        Remove(dataFile);
        using (var data = new ExternalDataFile(Path.Combine(folder, dataFile)))
        {
            graph.WriteWeights(data);
            var (size, sha256) = data.Finish();
            _files.Add(new ModelFile(dataFile, size, sha256));
        }

        WriteFile(file, graph.Save);
        _signatures[file] = SessionFactory.Describe(Path.Combine(folder, file));
    }

    public void WriteFile(string file, Action<Stream> write)
    {
        using var stream = new HashingStream(new FileStream(Path.Combine(folder, file), FileMode.CreateNew));
        write(stream);
        var (size, sha256) = stream.Finish();
        _files.Add(new ModelFile(file, size, sha256));
    }

    public void WriteTokenizer() => WriteFile(ModelFolder.TokenizerFile, stream =>
    {
        using var input = File.OpenRead(tokenizer);
        input.CopyTo(stream);
    });

    /// <summary>Last, so that a folder with a manifest is a whole one.</summary>
    public void WriteManifest(ModelPrecision precision, ModelLoss? loss)
    {
        var config = checkpoint.Config;
        var manifest = new ModelManifest
        {
            FormatVersion = ModelManifest.CurrentFormat,
            Name = config.Name,
            CreatedBy = $"mobilevlm {typeof(ModelImporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}",
            Source = new ModelSource(config.Name, config.Architecture, [.. checkpoint.WeightFiles.Select(f => Path.GetFileName(f))], fingerprint),
            Language = config.Language,
            Vision = config.Vision,
            Projector = config.Projector,
            VisualTokens = config is { Vision: { } vision, Projector: { } projector } ? ProjectorGraph.TokenCount(projector, vision) : 0,
            Precision = precision,
            Loss = loss,
            Signatures = _signatures,
            Files = _files,
            License = config.License,
        };
        using var stream = new FileStream(Path.Combine(folder, ModelManifest.FileName), FileMode.Create);
        JsonSerializer.Serialize(stream, manifest, ManifestJson.Default.ModelManifest);
        stream.Flush(flushToDisk: true);
    }

    private void Remove(string file)
    {
        if (_files.RemoveAll(f => f.Path == file) > 0)
        {
            File.Delete(Path.Combine(folder, file));
        }
    }
}
