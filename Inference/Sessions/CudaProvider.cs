using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Runs a session on an NVIDIA GPU: through a provider library that ONNX Runtime loads as a plug-in, or an ONNX
/// Runtime that has CUDA built in.</summary>
internal static class CudaProvider
{
    public const string BuiltIn = "CUDAExecutionProvider";

    private const string BuiltInFile = "libonnxruntime_providers_cuda.so";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, IReadOnlyList<OrtEpDevice>> Registered = [];

    /// <exception cref="ExecutionTargetException">It is not available.</exception>
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
                ? NoLibrary(library, "it finds no GPU on this machine", "Is the NVIDIA driver there (nvidia-smi), and may this user open its device nodes?")
                : new ExecutionTargetException(
                    ExecutionTargetException.TargetSetting, target.ToString(), string.Create(CultureInfo.InvariantCulture, $"there are {devices.Count} GPU(s)"),
                    "They are numbered from 0.");
        }

        options.AppendExecutionProvider(OrtEnv.Instance(), [devices[target.Device]], new Dictionary<string, string>());
    }

    /// <returns>The GPUs that the library offers.</returns>
    private static IReadOnlyList<OrtEpDevice> Register(string library)
    {
        lock (Gate)
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
                ExecutionTargetException.TargetSetting,
                target.ToString(),
                OnnxRuntimeLibrary.Chosen is { } chosen
                    ? $"the ONNX Runtime {OnnxRuntimeLibrary.LoadedVersion} in '{chosen}' was built without CUDA"
                    : $"the ONNX Runtime {OnnxRuntimeLibrary.LoadedVersion} that comes with this program runs on the CPU only",
                $"Name a CUDA provider library of the same version in {ExecutionTargetException.ProviderLibrarySetting}, or an ONNX Runtime built with CUDA "
                + $"in {ExecutionTargetException.RuntimeLibrarySetting}.");
        }

        try
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(new Dictionary<string, string>
            {
                ["device_id"] = target.Device.ToString(CultureInfo.InvariantCulture),

                // Edge devices share memory between CPU and GPU: doubling each request would leave half of it unused.
                ["arena_extend_strategy"] = "kSameAsRequested",

                // The exhaustive search tries every algorithm at the first picture.
                ["cudnn_conv_algo_search"] = "HEURISTIC",
            });
            options.AppendExecutionProvider_CUDA(cuda);
        }
        catch (OnnxRuntimeException e)
        {
            var (found, remedy) = Explain(BuiltInFault() ?? e.Message);
            throw new ExecutionTargetException(ExecutionTargetException.TargetSetting, target.ToString(), found, remedy, e);
        }
    }

    /// <summary>ONNX Runtime only reports that its CUDA part did not load; the loader reports why.</summary>
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
            return OnnxRuntimeLibrary.LoaderError(e);
        }
    }

    /// <summary>The error as the loader or the library reports it, and what to do.</summary>
    private static (string Found, string Remedy) Explain(string message)
    {
        const string Before = "with error: ";
        var error = message.Replace('\n', ' ').Trim().TrimEnd('.');
        error = error.IndexOf(Before, StringComparison.Ordinal) is var at and >= 0 ? error[(at + Before.Length)..] : error;
        return error switch
        {
            _ when error.Contains("CreateEpFactories", StringComparison.Ordinal) =>
                ("it is a library, but not an execution provider of ONNX Runtime", $"Name the provider's own library ({error})."),
            _ when error.Contains("invalid ELF", StringComparison.Ordinal) || error.Contains("file too short", StringComparison.Ordinal) || error.Contains("wrong ELF", StringComparison.Ordinal) =>
                ("it is not a library for this processor", $"Name the provider's library, a .so file ({error})."),
            _ when error.Contains("cannot open shared object file", StringComparison.Ordinal) =>
                ($"a library that it needs is missing: {error}", "Install the CUDA and cuDNN that it was built for, and let the loader find them (ldconfig, LD_LIBRARY_PATH)."),
            _ => ($"it cannot be used: {error}", $"It must be of the same version as this ONNX Runtime, {OnnxRuntimeLibrary.LoadedVersion}."),
        };
    }

    private static ExecutionTargetException NoLibrary(string library, string found, string remedy, Exception? inner = null) =>
        new(ExecutionTargetException.ProviderLibrarySetting, library, found, remedy, inner);
}
