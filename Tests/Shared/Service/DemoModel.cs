using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Tests.Shared.Service;

/// <summary>The bundled checkpoint, imported once for all tests of a run.</summary>
internal static class DemoModel
{
    private static readonly string Root = Directory.CreateTempSubdirectory("mobilevlm-e2e-").FullName;
    private static readonly Lazy<ModelFolder> Imported = new(Import);

    static DemoModel() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Root, recursive: true);

    public static string Assets { get; } = Path.Combine(AppContext.BaseDirectory, "demo");

    public static string Checkpoint { get; } = Path.Combine(Assets, "mobilevlm-demo-gate");

    public static string Clip { get; } = Path.Combine(Assets, "gate.mp4");

    public static ModelFolder Folder => Imported.Value;

    /// <summary>Root of the source tree.</summary>
    public static string Repository { get; } = FindRepository();

    private static ModelFolder Import() =>
        ModelImporter.Import(Checkpoint, Path.Combine(Root, "demo"), PrecisionPlan.Fp32);

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MobileVlm.Edge.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No MobileVlm.Edge.sln above {AppContext.BaseDirectory}.");
    }
}
