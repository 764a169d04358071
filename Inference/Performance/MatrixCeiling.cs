using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Machine;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Performance;

/// <summary>Measures how fast ONNX Runtime multiplies large matrices on this machine: the upper limit of the vision encoder and the
/// prefill. The sessions are opened with the same options as those that answer.</summary>
public static class MatrixCeiling
{
    /// <summary>Rows and the two sides of a weight: MobileLLaMA 1.4B's MLP over a long prompt.</summary>
    private const int Rows = 512, Inner = 2048, Columns = 5632;

    private const int Rounds = 5;
    private const string Input = "a";
    private const string Output = "y";

    /// <summary>Multiplications and additions of one product.</summary>
    private const double Operations = 2.0 * Rows * Inner * Columns;

    /// <summary>u8 activations by s8 weights into s32 (<c>MatMulInteger</c>).</summary>
    /// <returns>Operations per second; a multiplication with its addition counts as two.</returns>
    public static double MeasureInt8(ExecutionSettings settings) => Measure(
        settings,
        graph => graph.Node("MatMulInteger", Output, [
            graph.Input(Input, OnnxType.UInt8, Rows, Inner),
            graph.Weight("b", OnnxType.Int8, [Inner, Columns], Bytes(Inner * Columns)),
            graph.Scalar("zero", (byte)128),
        ]),
        OnnxType.Int32,
        () => OrtValue.CreateTensorValueFromMemory(Pattern(Rows * Inner), [Rows, Inner]));

    /// <summary>float32 by float32 (<c>MatMul</c>).</summary>
    /// <returns>Operations per second.</returns>
    public static double MeasureFp32(ExecutionSettings settings) => Measure(
        settings,
        graph => graph.Node("MatMul", Output, [
            graph.Input(Input, OnnxType.Float32, Rows, Inner),
            graph.Weight("b", OnnxType.Float32, [Inner, Columns], Floats(Inner * Columns)),
        ]),
        OnnxType.Float32,
        () => OrtValue.CreateTensorValueFromMemory(
            Array.ConvertAll(Pattern(Rows * Inner), b => (b - 128) / 128f), [Rows, Inner]));

    private static double Measure(
        ExecutionSettings settings, Func<OnnxGraph, string> write, OnnxType result, Func<OrtValue> input)
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-bench-").FullName;
        try
        {
            var path = Path.Combine(folder, "product.onnx");
            var graph = new OnnxGraph("product");
            graph.Output(write(graph), result, Rows, Columns);
            using (var data = new ExternalDataFile(path + ".data"))
            using (var file = File.Create(path))
            {
                graph.WriteWeights(data);
                data.Finish();
                graph.Save(file);
            }

            ThreadAffinity.BindThisThread(settings.EffectiveProcessors);
            using var options = SessionFactory.Options(settings, fixedShapes: true);
            using var session = new InferenceSession(path, options);
            using var run = new RunOptions();
            using var value = input();
            var best = double.MaxValue;
            for (var round = -1; round < Rounds; round++)
            {
                var started = Stopwatch.GetTimestamp();
                using var results = session.Run(run, [Input], [value], [Output]);
                var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;

                // The first one warms up.
                best = round < 0 ? best : Math.Min(best, seconds);
            }

            return Operations / best;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Action<Stream> Bytes(int count) => stream => stream.Write(Pattern(count));

    private static Action<Stream> Floats(int count) => stream =>
    {
        var values = Array.ConvertAll(Pattern(count), b => (b - 128) / 128f);
        stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
    };

    /// <summary>Random values: speed does not depend on them, but a processor could treat zeros specially.</summary>
    private static byte[] Pattern(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
