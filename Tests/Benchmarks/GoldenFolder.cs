using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Benchmarks;

/// <summary>The golden checkpoint, imported for one benchmark's process and removed with it.</summary>
public sealed class GoldenFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("mobilevlm-benchmarks-").FullName;

    public GoldenFolder() => Folder = ModelImporter.Import(
        Path.Combine(AppContext.BaseDirectory, "golden"), Path.Combine(_path, "model"), PrecisionPlan.Fp32);

    public ModelFolder Folder { get; }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
