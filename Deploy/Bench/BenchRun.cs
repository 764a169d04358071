using System.Collections.Concurrent;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Performance;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Runs a whole benchmark: the machine's ceilings, the model's parts, the pipeline, the ceilings again.</summary>
internal sealed class BenchRun(ModelFolder folder, ExecutionSettings settings, BenchPlan plan, BenchScene scene)
{
    private const long SmallestBuffer = 256L * 1024 * 1024;

    /// <summary>Measurements of the machine's ceilings: reading before and after, two kinds of products.</summary>
    private const int CeilingSteps = 4;

    private readonly ConcurrentDictionary<string, SessionPlacement> _sessions = new();

    /// <summary>Settings that record where and on which kernel each session runs.</summary>
    private ExecutionSettings RecordingSettings => settings with
    {
        OnSessionOpened = settings.OnSessionOpened + (placement => _sessions[Path.GetFileNameWithoutExtension(placement.File)] = placement),
    };

    private bool HasVision => folder.Manifest.Vision is not null;

    private IReadOnlyList<BenchPart> Parts => HasVision
        ? plan.Parts
        : [.. plan.Parts.Where(part => part is BenchPart.Prefill or BenchPart.Decode)];

    /// <summary>Steps of the progress.</summary>
    public int Steps => CeilingSteps + Parts.Sum(part => part == BenchPart.Pipeline
        ? PipelineBench.Frames(plan.Repeats)
        : ModelBench.Runs(part, plan.Repeats));

    /// <exception cref="ModelFolderException">The model cannot be used.</exception>
    public BenchReport Run(BenchProgress progress, CancellationToken cancel)
    {
        var machine = MachineDescription.Read();
        var read = MeasureReadBandwidth(machine, progress);
        progress.Next("int8 product");
        var int8 = MatrixCeiling.MeasureInt8(settings);
        progress.Next("float32 product");
        var fp32 = MatrixCeiling.MeasureFp32(settings);
        _ = MemoryUse.TryResetPeak();

        var (sensors, reason) = EnergySensors.Find();
        using var energy = new EnergyMeter(sensors, TimeProvider.System);
        var (results, memory) = Model(energy, progress);
        reason ??= energy.Error;
        var pipeline = Parts.Contains(BenchPart.Pipeline)
            ? new PipelineBench(folder, RecordingSettings, progress).MeasureAsync(plan.Repeats, cancel).GetAwaiter().GetResult()
            : null;
        memory ??= MemoryUse.Now();
        var work = new ModelWork(folder.Manifest, settings);
        return new BenchReport
        {
            Machine = machine,
            Model = folder.Manifest.Name,
            ModelPath = folder.FolderPath,
            Precision = Precision(folder.Manifest.Precision),
            Int8Kernels = _sessions.Where(s => s.Value.Kernel is not null).OrderBy(s => s.Key, StringComparer.Ordinal)
                .ToDictionary(s => s.Key, s => s.Value.Kernel!.Name),
            VisionBytes = work.VisionBytes,
            DecoderBytes = work.DecoderBytes,
            PrefillBytes = work.PrefillBytes,
            Threads = settings.EffectiveThreads,
            Repeats = plan.Repeats,
            Ceilings = new Ceilings(read, MeasureReadBandwidth(machine, progress), int8, fp32),
            Results = results,
            Pipeline = pipeline,
            Memory = memory,
            EnergySource = reason is null ? sensors?.Description : null,
            EnergyReason = reason,
            Warnings = [.. Warnings(machine)],
        };
    }

    private (List<BenchResult> Results, MemoryUse? Memory) Model(EnergyMeter energy, BenchProgress progress)
    {
        BenchPart[] parts = [.. Parts.Where(part => part != BenchPart.Pipeline)];
        if (parts.Length == 0)
        {
            return ([], null);
        }

        progress.Report("opening the model");
        using var model = new ModelBench(folder, RecordingSettings, scene, plan.Repeats, energy, progress);
        List<BenchResult> results = [.. parts.SelectMany(model.Measure)];
        return (results, MemoryUse.Now());
    }

    private double MeasureReadBandwidth(MachineDescription machine, BenchProgress progress)
    {
        progress.Next("memory");
        var bytes = Math.Min(Math.Max(SmallestBuffer, 4 * machine.LastCacheBytes), machine.MemoryBytes / 4);
        return ReadBandwidth.Measure(settings.EffectiveThreads, bytes);
    }

    private IEnumerable<string> Warnings(MachineDescription machine)
    {
        if (machine.IsBusy)
        {
            yield return $"The machine was busy when this began (load {machine.LoadAverage:0.0} on {machine.Processors} processors): the times are upper bounds.";
        }

        if (machine.Governor is { } governor and not "performance")
        {
            yield return $"The processor's frequency governor is '{governor}', not 'performance'.";
        }

        foreach (var (part, placement) in _sessions.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            if (placement.Kernel?.Advice is { } advice)
            {
                yield return $"{part} runs on a slow int8 kernel ({placement.Kernel.Name}). {advice}";
            }
        }

        if (Parts.Count < plan.Parts.Count)
        {
            yield return "The model is text-only: what needs a picture was skipped.";
        }
    }

    private static Dictionary<string, string> Precision(ModelPrecision p)
    {
        var parts = new Dictionary<string, string>();
        foreach (var (name, precision) in new[]
        {
            ("vision", p.Vision), ("visionGuarded", p.VisionOutlierProne), ("projector", p.Projector), ("decoder", p.Decoder), ("prefill", p.Prefill),
            ("sensitive", p.Sensitive), ("head", p.Head), ("embedding", p.Embedding),
        })
        {
            if (precision is not null)
            {
                parts[name] = precision;
            }
        }

        return parts;
    }
}
