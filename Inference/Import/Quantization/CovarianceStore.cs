namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>The input covariances of a model's layers in files: in memory are those of one segment while it is measured, and of
/// one layer while it is written.</summary>
/// <param name="folder">Made when the first is added; the owner removes it.</param>
internal sealed class CovarianceStore(string folder)
{
    private readonly Dictionary<string, InputCovariance> _open = [];
    private readonly Dictionary<string, (string Path, int Inputs)> _saved = [];

    /// <summary>Adds rows, [n, inputs], to a layer's covariance.</summary>
    /// <param name="node">The layer, the first of those that have this input.</param>
    /// <param name="rows">[n, inputs].</param>
    /// <param name="inputs">Inputs of the layer.</param>
    public void Add(string node, ReadOnlySpan<float> rows, int inputs)
    {
        if (!_open.TryGetValue(node, out var covariance))
        {
            _open.Add(node, covariance = new InputCovariance(inputs));
        }

        covariance.Add(rows);
    }

    /// <summary>Writes what was added since the last call, and releases its memory.</summary>
    public void Save()
    {
        Directory.CreateDirectory(folder);
        foreach (var (node, covariance) in _open)
        {
            var path = Path.Combine(folder, $"{node}.covariance");
            using var stream = File.Create(path);
            covariance.Save(stream);
            _saved[node] = (path, covariance.Inputs);
        }

        _open.Clear();
    }

    /// <summary>Gives a layer the covariance of another one that has the same input.</summary>
    public void Share(string node, string other) => _saved[node] = _saved[other];

    /// <summary>Whether two layers have the same covariance.</summary>
    public bool IsSame(string node, string other) => _saved.GetValueOrDefault(node) == _saved.GetValueOrDefault(other);

    /// <summary>Reads a layer's covariance; null where there is none.</summary>
    public InputCovariance? Find(string node)
    {
        if (!_saved.TryGetValue(node, out var saved))
        {
            return null;
        }

        using var stream = File.OpenRead(saved.Path);
        return InputCovariance.Load(stream, saved.Inputs);
    }

    /// <summary>Removes all files.</summary>
    public void Clear()
    {
        _saved.Clear();
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
