using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>The native <c>libonnxruntime</c>: the one that comes with this program, or one that was built for this
/// device. Process-wide; it must be selected before its first use.</summary>
public static unsafe partial class OnnxRuntimeLibrary
{
    private const string Name = "onnxruntime";
    private const string EntryPoint = "OrtGetApiBase";
    private const string Remedy = "Name a libonnxruntime.so that was built of the same version for this processor, or leave it out";

    private static readonly Lock Gate = new();
    private static string? _chosen;

    /// <summary>Version of ONNX Runtime whose interface this program uses, for example <c>1.31</c>: there is one version of
    /// the interface for each minor release, and newer libraries still have the older ones.</summary>
    public static string NeededVersion { get; } = typeof(OrtEnv).Assembly.GetName().Version!.ToString(2);

    /// <summary>Full path of the library that <see cref="Use"/> selected; null for the one that comes with this program.</summary>
    public static string? Chosen
    {
        get
        {
            lock (Gate)
            {
                return _chosen;
            }
        }
    }

    /// <summary>Version of the native library, which this loads.</summary>
    public static string LoadedVersion => OrtEnv.Instance().GetVersionString();

    internal static uint ApiVersion { get; } = (uint)typeof(OrtEnv).Assembly.GetName().Version!.Minor;

    /// <summary>Selects the library for the whole process. Must be called before the first session is opened; a second call
    /// with the same path does nothing.</summary>
    /// <param name="path">Path of a <c>libonnxruntime.so</c>; null changes nothing.</param>
    /// <exception cref="ExecutionTargetException">It cannot be used, or another one is in use already.</exception>
    public static void Use(string? path)
    {
        if (path is null)
        {
            return;
        }

        var full = Path.GetFullPath(path);
        lock (Gate)
        {
            if (_chosen == full)
            {
                return;
            }

            if (_chosen is not null || OrtEnv.IsCreated)
            {
                throw Fault(path, $"another one is in use in this process already ({_chosen ?? "the bundled one"})");
            }

            var library = Load(full);
            OrtEnv.DisableDllImportResolver = true;
            nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
                name == Name ? library : 0;
            NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
            NativeLibrary.SetDllImportResolver(typeof(OnnxRuntimeLibrary).Assembly, Resolve);
            _chosen = full;
        }
    }

    /// <summary>Loads a library and checks that it is ONNX Runtime with the interface that this program uses.</summary>
    internal static nint Load(string path)
    {
        if (!File.Exists(path))
        {
            throw Fault(path, "there is no such file");
        }

        nint library;
        try
        {
            library = NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw Fault(path, $"it cannot be loaded: {LoaderError(e)}", e);
        }

        if (!NativeLibrary.TryGetExport(library, EntryPoint, out var entry))
        {
            NativeLibrary.Free(library);
            throw Fault(path, $"it is a library, but not ONNX Runtime ('{EntryPoint}' is missing)");
        }

        var api = ((delegate* unmanaged[Cdecl]<OrtApiBase*>)entry)();
        var version = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)api->GetVersionString)());
        if (((delegate* unmanaged[Cdecl]<uint, nint>)api->GetApi)(ApiVersion) == 0)
        {
            NativeLibrary.Free(library);
            throw Fault(path, $"it is ONNX Runtime {version}, this program needs {NeededVersion} or a later one that still has its interface");
        }

        return library;
    }

    /// <summary>The system loader's error, without .NET's advice before it and the other names that were tried after
    /// it.</summary>
    internal static string LoaderError(Exception e)
    {
        var lines = e.Message.Split('\n', StringSplitOptions.TrimEntries);
        return lines.Skip(1).FirstOrDefault(line => line.Contains(": ", StringComparison.Ordinal)) ?? lines[0];
    }

    /// <summary>The table of C functions, for those without a managed method.</summary>
    internal static OrtApi* Api => (OrtApi*)((delegate* unmanaged[Cdecl]<uint, nint>)GetBase()->GetApi)(ApiVersion);

    private static ExecutionTargetException Fault(string path, string found, Exception? inner = null) =>
        new(ExecutionTargetException.RuntimeLibrarySetting, path, found, $"{Remedy}.", inner);

    [LibraryImport(Name, EntryPoint = EntryPoint)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial OrtApiBase* GetBase();
}
