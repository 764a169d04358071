using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>The execution provider of each node of a session. ONNX Runtime reports it in its C interface only
/// (since 1.24); the managed package has the function's slot but no method for it.</summary>
internal static unsafe class NodeAssignment
{
    /// <summary>Session option without which ONNX Runtime does not record it.</summary>
    public const string Option = "session.record_ep_graph_assignment_info";

    /// <returns>Provider and operator of each node, as the graph was partitioned.</returns>
    /// <exception cref="InvalidOperationException">ONNX Runtime does not report it.</exception>
    public static IReadOnlyList<(string Provider, string Operator)> Read(InferenceSession session)
    {
        var api = OnnxRuntimeLibrary.Api;
        nint* parts;
        nuint count;
        Check(api, ((delegate* unmanaged[Cdecl]<nint, nint**, nuint*, nint>)api->Session_GetEpGraphAssignmentInfo)(
            Handle(session), &parts, &count));
        var nodes = new List<(string, string)>();
        for (var i = 0; i < (int)count; i++)
        {
            var provider = Text(api, api->EpAssignedSubgraph_GetEpName, parts[i]);
            nint* inner;
            nuint size;
            Check(api, ((delegate* unmanaged[Cdecl]<nint, nint**, nuint*, nint>)api->EpAssignedSubgraph_GetNodes)(parts[i], &inner, &size));
            for (var j = 0; j < (int)size; j++)
            {
                nodes.Add((provider, Text(api, api->EpAssignedNode_GetOperatorType, inner[j])));
            }
        }

        GC.KeepAlive(session);
        return nodes;
    }

    private static string Text(OrtApi* api, nint function, nint of)
    {
        nint text;
        Check(api, ((delegate* unmanaged[Cdecl]<nint, nint*, nint>)function)(of, &text));
        return Marshal.PtrToStringUTF8(text)!;
    }

    private static void Check(OrtApi* api, nint status)
    {
        if (status == 0)
        {
            return;
        }

        var message = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint, nint>)api->GetErrorMessage)(status));
        ((delegate* unmanaged[Cdecl]<nint, void>)api->ReleaseStatus)(status);
        throw new InvalidOperationException($"ONNX Runtime does not report where a session runs: {message}");
    }

    /// <summary>Field of the pinned version; a test fails where another version names it differently.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_nativeHandle")]
    private static extern ref nint Handle(InferenceSession session);
}
