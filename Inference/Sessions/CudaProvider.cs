using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Puts an NVIDIA GPU under a session: by a provider library that ONNX Runtime loads as a plug-in, or by an ONNX
/// Runtime that has CUDA built in.</summary>
internal static class CudaProvider
{
    public const string BuiltIn = "CUDAExecutionProvider";

    private const string BuiltInFile = "libonnxruntime_providers_cuda.so";

    private static readonly Lock Turn = new();
    private static readonly Dictionary<string, IReadOnlyList<OrtEpDevice>> Registered = [];

    /// <exception cref="ExecutionTargetException">It cannot be had.</exception>
    public static void Append(SessionOptions options, ExecutionSettings settings)
    {
        if (settings.ProviderLibrary is { } library)
        {
            AppendPlugIn(options, Path.GetFullPath(library), settings.Target);
        }
        else
        {
            AppendBuiltIn(options, settings.Target);
        }
    }

    private static void AppendPlugIn(SessionOptions options, string library, ExecutionTarget target)
    {
        var devices = Register(library);
        if (target.Device >= devices.Count)
        {
            throw devices.Count == 0
                ? NoLibrary(library, "it finds no GPU on this box", "Is the NVIDIA driver there (nvidia-smi), and may this user open its device nodes?")
                : new ExecutionTargetException(
                    ExecutionTargetException.Target, target.ToString(), string.Create(CultureInfo.InvariantCulture, $"there are {devices.Count} GPU(s)"),
                    "They are numbered from 0.");
        }

        options.AppendExecutionProvider(OrtEnv.Instance(), [devices[target.Device]], new Dictionary<string, string>());
    }

    /// <returns>The GPUs that the library offers.</returns>
    private static IReadOnlyList<OrtEpDevice> Register(string library)
    {
        lock (Turn)
        {
            if (Registered.TryGetValue(library, out var known))
            {
                return known;
            }

            if (!File.Exists(library))
            {
                throw NoLibrary(library, "there is no such file", "Install the CUDA provider of ONNX Runtime, or correct the path.");
            }

            var name = $"mobilevlm-{Registered.Count}";
            try
            {
                OrtEnv.Instance().RegisterExecutionProviderLibrary(name, library);
            }
            catch (OnnxRuntimeException e)
            {
                var (found, remedy) = Explain(e.Message);
                throw NoLibrary(library, found, remedy, e);
            }

            return Registered[library] =
                [.. OrtEnv.Instance().GetEpDevices().Where(d =>
                    d.HardwareDevice.Type == OrtHardwareDeviceType.GPU
                    && d.EpMetadata.Entries.TryGetValue("library_path", out var path)
                    && path == library)];
        }
    }

    private static void AppendBuiltIn(SessionOptions options, ExecutionTarget target)
    {
        if (!OrtEnv.Instance().GetAvailableProviders().Contains(BuiltIn))
        {
            throw new ExecutionTargetException(
                ExecutionTargetException.Target,
                target.ToString(),
                OnnxRuntimeLibrary.Chosen is { } chosen
                    ? $"the ONNX Runtime {SessionFactory.RuntimeVersion} in '{chosen}' was built without CUDA"
                    : $"the ONNX Runtime {SessionFactory.RuntimeVersion} that comes along computes on the processor alone",
                $"Name a CUDA provider library of the same version in {ExecutionTargetException.ProviderLibrary}, or an ONNX Runtime built with CUDA "
                + $"in {ExecutionTargetException.RuntimeLibrary}.");
        }

        try
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(new Dictionary<string, string>
            {
                ["device_id"] = target.Device.ToString(CultureInfo.InvariantCulture),

                // Boxes share memory between processor and GPU: doubling what was asked for leaves half of it unused.
                ["arena_extend_strategy"] = "kSameAsRequested",

                // The exhaustive search tries every algorithm at the first picture.
                ["cudnn_conv_algo_search"] = "HEURISTIC",
            });
            options.AppendExecutionProvider_CUDA(cuda);
        }
        catch (OnnxRuntimeException e)
        {
            var (found, remedy) = Explain(BuiltInFault() ?? e.Message);
            throw new ExecutionTargetException(ExecutionTargetException.Target, target.ToString(), found, remedy, e);
        }
    }

    /// <summary>ONNX Runtime only says that its CUDA part did not load; the loader says why.</summary>
    private static string? BuiltInFault()
    {
        if (OnnxRuntimeLibrary.Chosen is not { } chosen)
        {
            return null;
        }

        var part = Path.Combine(Path.GetDirectoryName(chosen)!, BuiltInFile);
        try
        {
            NativeLibrary.Free(NativeLibrary.Load(part));
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return OnnxRuntimeLibrary.LoaderSays(e);
        }
    }

    /// <summary>What the loader or the library said, and what helps.</summary>
    private static (string Found, string Remedy) Explain(string message)
    {
        const string Before = "with error: ";
        var said = message.Replace('\n', ' ').Trim().TrimEnd('.');
        said = said.IndexOf(Before, StringComparison.Ordinal) is var at and >= 0 ? said[(at + Before.Length)..] : said;
        return said switch
        {
            _ when said.Contains("CreateEpFactories", StringComparison.Ordinal) =>
                ("it is a library, but no execution provider of ONNX Runtime", $"Name the provider's own library ({said})."),
            _ when said.Contains("invalid ELF", StringComparison.Ordinal) || said.Contains("file too short", StringComparison.Ordinal) || said.Contains("wrong ELF", StringComparison.Ordinal) =>
                ("it is no library for this processor", $"Name the provider's library, a .so file ({said})."),
            _ when said.Contains("cannot open shared object file", StringComparison.Ordinal) =>
                ($"a library that it needs is missing: {said}", "Install the CUDA and cuDNN that it was built for, and let the loader find them (ldconfig, LD_LIBRARY_PATH)."),
            _ => ($"it cannot be used: {said}", $"It must be of the same version as this ONNX Runtime, {SessionFactory.RuntimeVersion}."),
        };
    }

    private static ExecutionTargetException NoLibrary(string library, string found, string remedy, Exception? inner = null) =>
        new(ExecutionTargetException.ProviderLibrary, library, found, remedy, inner);
}
