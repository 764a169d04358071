using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>The native <c>libonnxruntime</c>: the one that comes with this program, or one that was built for this very
/// box. Of a process: it can be chosen until it is first used.</summary>
public static unsafe partial class OnnxRuntimeLibrary
{
    private const string Name = "onnxruntime";
    private const string EntryPoint = "OrtGetApiBase";
    private const string Remedy = "Name a libonnxruntime.so that was built of the same version for this processor, or leave it out";

    private static readonly Lock Turn = new();
    private static string? _chosen;

    /// <summary>Version of ONNX Runtime that this program speaks to, as <c>1.31</c>: its interface is a table with one
    /// version for each minor release, which newer libraries still have.</summary>
    public static string NeededVersion { get; } = typeof(OrtEnv).Assembly.GetName().Version!.ToString(2);

    /// <summary>Full path of the library that <see cref="Use"/> chose; null for the one that comes along.</summary>
    public static string? Chosen
    {
        get
        {
            lock (Turn)
            {
                return _chosen;
            }
        }
    }

    internal static uint ApiVersion { get; } = (uint)typeof(OrtEnv).Assembly.GetName().Version!.Minor;

    /// <summary>Takes this library from now on, for the whole process. Before the first session is opened; a second call
    /// with the same path does nothing.</summary>
    /// <param name="path">Of a <c>libonnxruntime.so</c>; null changes nothing.</param>
    /// <exception cref="ExecutionTargetException">It cannot be used, or another one is in use already.</exception>
    public static void Use(string? path)
    {
        if (path is null)
        {
            return;
        }

        var full = Path.GetFullPath(path);
        lock (Turn)
        {
            if (_chosen == full)
            {
                return;
            }

            if (_chosen is not null || OrtEnv.IsCreated)
            {
                throw Fault(path, $"another one is in use in this process already ({_chosen ?? "the one that comes along"})");
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

    /// <summary>Loads a library and sees whether it is ONNX Runtime of a version that this program can speak to.</summary>
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
            throw Fault(path, $"it cannot be loaded: {LoaderSays(e)}", e);
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

    /// <summary>What the system's loader said, without .NET's advice before it and the other names that were tried behind
    /// it.</summary>
    internal static string LoaderSays(Exception e)
    {
        var lines = e.Message.Split('\n', StringSplitOptions.TrimEntries);
        return lines.Skip(1).FirstOrDefault(line => line.Contains(": ", StringComparison.Ordinal)) ?? lines[0];
    }

    /// <summary>The table of functions, for those that have no managed name.</summary>
    internal static OrtApi* Api => (OrtApi*)((delegate* unmanaged[Cdecl]<uint, nint>)GetBase()->GetApi)(ApiVersion);

    private static ExecutionTargetException Fault(string path, string found, Exception? inner = null) =>
        new(ExecutionTargetException.RuntimeLibrary, path, found, $"{Remedy}.", inner);

    [LibraryImport(Name, EntryPoint = EntryPoint)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial OrtApiBase* GetBase();
}
