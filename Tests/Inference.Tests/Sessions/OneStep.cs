using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

/// <summary>This assembly as a program, for tests that need a fresh process: one token through a model.</summary>
internal static class OneStep
{
    /// <param name="arguments">Model folder; optionally another ONNX Runtime, which is then read back from what the process
    /// has loaded.</param>
    public static void Main(string[] arguments)
    {
        OnnxRuntimeLibrary.Use(arguments.ElementAtOrDefault(1));
        using var decoder = new LanguageDecoder(ModelFolder.Open(arguments[0]), new ExecutionSettings(1));
        using var state = decoder.CreateState(2);
        state.Step(1);
        Console.WriteLine(arguments.Length > 1 ? $"{state.Length} token, {NativeBuild.OwnRuntime}" : $"{state.Length} token");
    }
}
