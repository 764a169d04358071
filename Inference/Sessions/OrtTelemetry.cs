using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Turns telemetry off: ONNX Runtime from 1.29 uploads usage data on Linux unless a variable is in the
/// native environment before its first call. The managed <see cref="Environment.SetEnvironmentVariable(string, string)"/>
/// does not reach it, and its own switch comes too late.</summary>
internal static partial class OrtTelemetry
{
    private const string Variable = "ORT_DISABLE_TELEMETRY";

    /// <summary>Runs before any code of this assembly, the only one in the product that calls ONNX Runtime.</summary>
#pragma warning disable CA2255 // A library may use a module initializer when nothing later would be early enough.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Disable()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = SetNativeVariable(Variable, "1", 1);
        }

        Environment.SetEnvironmentVariable(Variable, "1");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);
}
