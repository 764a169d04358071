using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Opens a graph of a model folder and compares it with the manifest.</summary>
internal static class SessionFactory
{
    /// <summary>Operators that are nearly all of the work: where a GPU was requested, they must not run on the CPU.</summary>
    private static readonly HashSet<string> Heavy =
        ["MatMul", "Gemm", "MatMulNBits", "MatMulIntegerToFloat", "Conv", "GroupQueryAttention", "MultiHeadAttention"];

    /// <summary>Opens a graph. Called on the thread that will run it: where processors are chosen, it is bound to them.</summary>
    /// <exception cref="ModelFolderException">The graph does not open, or does not match its manifest.</exception>
    /// <exception cref="ExecutionTargetException">The target is not available.</exception>
    public static InferenceSession Open(ModelFolder folder, string file, ExecutionSettings settings, bool fixedShapes)
    {
        if (!folder.Manifest.Signatures.TryGetValue(file, out var signature))
        {
            throw new ModelFolderException(
                folder.FolderPath,
                file == ModelFolder.VisionFile
                    ? "it is a text-only model and cannot read pictures. Use 'mobilevlm generate', or import a MobileVLM checkpoint."
                    : $"the manifest has no signature of {file}. Import the model again.");
        }

        ThreadAffinity.BindThisThread(settings.EffectiveProcessors);
        var (session, placement) = OpenOnTarget(folder, file, settings, fixedShapes);
        try
        {
            Compare(folder, file, "input", signature.Inputs, session.InputMetadata);
            Compare(folder, file, "output", signature.Outputs, session.OutputMetadata);
            settings.OnSessionOpened?.Invoke(placement);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Opens an auxiliary graph of this program on the device of another session.</summary>
    internal static InferenceSession OpenHelper(byte[] model, ExecutionSettings settings)
    {
        using var options = Options(settings, fixedShapes: false);
        if (settings.Target.Kind != TargetKind.Cpu)
        {
            CudaProvider.Append(options, settings);
        }

        return new InferenceSession(model, options);
    }

    private static (InferenceSession Session, SessionPlacement Placement) OpenOnTarget(
        ModelFolder folder, string file, ExecutionSettings settings, bool fixedShapes)
    {
        switch (settings.Target.Kind)
        {
            case TargetKind.Cpu:
                return OpenOnCpu(folder, file, settings, fixedShapes, reason: null);
            case TargetKind.Cuda:
                return OpenOnCuda(folder, file, settings, fixedShapes);
            default:
                try
                {
                    return OpenOnCuda(folder, file, settings with { Target = ExecutionTarget.Cuda() }, fixedShapes);
                }
                catch (ExecutionTargetException e)
                {
                    // Reported with the placement.
                    return OpenOnCpu(folder, file, settings, fixedShapes, e.Message);
                }
        }
    }

    private static (InferenceSession Session, SessionPlacement Placement) OpenOnCpu(
        ModelFolder folder, string file, ExecutionSettings settings, bool fixedShapes, string? reason)
    {
        using var options = Options(settings, fixedShapes);
        var kernel = Int8Kernel.OnThisMachine(Precision(folder, file));
        if (kernel is { NeedsExactProducts: true })
        {
            options.AddSessionConfigEntry("session.x64quantprecision", "1");
        }

        try
        {
            var session = new InferenceSession(folder.PathOf(file), options);
            return (session, Read(session, file, settings.Target, reason) with { Kernel = kernel });
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelFolderException(
                folder.FolderPath, $"ONNX Runtime cannot open {file}: {e.Message} Import the model again.", e);
        }
    }

    private static (InferenceSession Session, SessionPlacement Placement) OpenOnCuda(
        ModelFolder folder, string file, ExecutionSettings settings, bool fixedShapes)
    {
        using var options = Options(settings, fixedShapes);
        CudaProvider.Append(options, settings);
        InferenceSession session;
        try
        {
            session = new InferenceSession(folder.PathOf(file), options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new ExecutionTargetException(
                ExecutionTargetException.TargetSetting, settings.Target.ToString(), $"{file} of '{folder.FolderPath}' does not open there: {e.Message.TrimEnd('.')}",
                "Try the target cpu to find out whether the model or the GPU is the cause.", e);
        }

        var placement = Read(session, file, settings.Target, reason: null);
        var misplaced = placement.CpuNodesByOperator.Where(o => Heavy.Contains(o.Key)).ToList();
        if (misplaced.Count == 0)
        {
            return (session, placement);
        }

        session.Dispose();
        throw new ExecutionTargetException(
            ExecutionTargetException.TargetSetting,
            settings.Target.ToString(),
            $"{file} of '{folder.FolderPath}' would leave {string.Join(" and ", misplaced.Select(o => $"{o.Value} {o.Key}"))} of {placement.NodeCount} nodes to the CPU, "
            + "because the GPU has no kernels for their types",
            "Import the model for it: mobilevlm model import … --for cuda.");
    }

    /// <summary>Precision of a graph's matrices as in the manifest; null where it has no such graph.</summary>
    private static string? Precision(ModelFolder folder, string file) => file switch
    {
        ModelFolder.VisionFile => folder.Manifest.Precision.Vision,
        ModelFolder.PrefillFile => folder.Manifest.Precision.Prefill,
        _ => folder.Manifest.Precision.Decoder,
    };

    // Disposes the session when this fails, because the caller never receives it.
    private static IReadOnlyList<(string Provider, string Operator)> Assigned(InferenceSession session)
    {
        try
        {
            return NodeAssignment.Read(session);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static SessionPlacement Read(InferenceSession session, string file, ExecutionTarget requested, string? reason)
    {
        var nodes = Assigned(session);
        return new SessionPlacement(
            file,
            requested,
            Count(nodes.Select(n => n.Provider)),
            requested.Kind == TargetKind.Cpu ? new Dictionary<string, int>() : Count(nodes.Where(n => n.Provider == SessionPlacement.CpuProvider).Select(n => n.Operator)),
            reason);
    }

    private static Dictionary<string, int> Count(IEnumerable<string> names) =>
        names.GroupBy(name => name).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count());

    /// <summary>Options of every session that answers.</summary>
    /// <param name="settings">Threads and processors.</param>
    /// <param name="fixedShapes">Whether all calls have inputs of the same sizes.</param>
    internal static SessionOptions Options(ExecutionSettings settings, bool fixedShapes)
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = settings.EffectiveThreads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,

            // ONNX Runtime keeps a pattern for each input shape that it has seen; prompts have many.
            EnableMemoryPattern = fixedShapes,
        };

        Configure(options);
        if (settings.Target.Kind != TargetKind.Cuda)
        {
            // Fused, a norm behind a sum takes five times as long on a processor (ONNX Runtime 1.31: 1.2 instead of 0.2 ms for
            // 577 x 1024 floats on two cores).
            options.AddSessionConfigEntry("optimization.disable_specified_optimizers", "SkipLayerNormFusion");
        }

        if (!settings.UseKleidiAi)
        {
            options.AddSessionConfigEntry("mlas.disable_kleidiai", "1");
        }

        if (settings is { EffectiveThreads: > 1 and var threads, EffectiveProcessors: { Count: > 0 } processors })
        {
            options.AddSessionConfigEntry("session.intra_op_thread_affinities", ThreadAffinity.OfPool(processors, threads));
        }

        return options;
    }

    /// <summary>Configuration entries of every session that answers.</summary>
    internal static void Configure(SessionOptions options)
    {
        options.AddSessionConfigEntry(NodeAssignment.Option, "1");

        // Threads spin within a call and sleep between pictures.
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");

        // "session.x64quantprecision" is set where a graph needs it (Int8Kernel): elsewhere it would slow down products that
        // have 7-bit activations to avoid overflow.

        // "session.set_denormal_as_zero" stays off: it changes the calling thread permanently, and the vectorised argmax
        // of .NET then finds index 0, because small integers are denormals when read as floats.
    }

    /// <summary>Inputs and outputs of a graph, for the manifest.</summary>
    public static GraphSignature Describe(string path)
    {
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
        using var session = new InferenceSession(path, options);
        return new GraphSignature(Describe(session.InputMetadata), Describe(session.OutputMetadata));
    }

    private static List<TensorSignature> Describe(IReadOnlyDictionary<string, NodeMetadata> metadata) =>
        [.. metadata.Select(m => new TensorSignature(m.Key, m.Value.ElementDataType.ToString(), m.Value.Dimensions))];

    private static void Compare(
        ModelFolder folder,
        string file,
        string role,
        IReadOnlyList<TensorSignature> expected,
        IReadOnlyDictionary<string, NodeMetadata> actual)
    {
        foreach (var name in actual.Keys.Where(name => expected.All(e => e.Name != name)))
        {
            throw new ModelFolderException(
                folder.FolderPath, $"{file} has an {role} '{name}' that is not in the manifest. Import the model again.");
        }

        foreach (var signature in expected)
        {
            if (!actual.TryGetValue(signature.Name, out var metadata))
            {
                throw new ModelFolderException(
                    folder.FolderPath, $"{file} has no {role} '{signature.Name}', the manifest says {signature}. Import the model again.");
            }

            var found = new TensorSignature(signature.Name, metadata.ElementDataType.ToString(), metadata.Dimensions);
            if (found.Type != signature.Type || !found.Shape.SequenceEqual(signature.Shape))
            {
                throw new ModelFolderException(
                    folder.FolderPath,
                    $"{file}: {role} '{signature.Name}' is {found}, the manifest says {signature}. Import the model again.");
            }
        }
    }
}
