using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>One linear layer in a separate checkpoint, written in some format and run by ONNX Runtime.</summary>
internal static class OneLayer
{
    private const string Tensor = "model.layers.0.mlp.down_proj.weight";

    /// <summary>Products of rows [rows, inputs] with weights [outputs, inputs], [rows, outputs].</summary>
    public static float[] Run(WeightFormat format, float[] weights, float[] input, int inputs, ImportanceMatrix? moments = null)
    {
        var (rows, outputs) = (input.Length / inputs, weights.Length / inputs);
        using var source = Folder(weights, outputs, inputs);
        using var checkpoint = Checkpoint.Open(source.Path);
        using var folder = new TemporaryFolder();
        var graph = new OnnxGraph("one");
        graph.Input("x", OnnxType.Float32, 1, rows, inputs);
        LinearWriter.Create(format, moments ?? new ImportanceMatrix()).Write(
            graph, new CheckpointWeights(checkpoint, null, default), "y", "x", new LinearWeight(Tensor, outputs, inputs));
        graph.Output("y", OnnxType.Float32, 1, rows, outputs);
        using (var data = new ExternalDataFile(folder["one.onnx.data"]))
        {
            graph.WriteWeights(data);
        }

        using (var file = File.Create(folder["one.onnx"]))
        {
            graph.Save(file);
        }

        using var sessionOptions = new SessionOptions { IntraOpNumThreads = 1 };
        SessionFactory.Configure(sessionOptions);
        using var session = new InferenceSession(folder["one.onnx"], sessionOptions);
        using var value = OrtValue.CreateTensorValueFromMemory(input, [1, rows, inputs]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x"], [value], ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>The same in double precision.</summary>
    public static float[] Exact(float[] weights, float[] input, int inputs)
    {
        var (rows, outputs) = (input.Length / inputs, weights.Length / inputs);
        var result = new float[rows * outputs];
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < outputs; o++)
            {
                var sum = 0.0;
                for (var i = 0; i < inputs; i++)
                {
                    sum += (double)input[(r * inputs) + i] * weights[(o * inputs) + i];
                }

                result[(r * outputs) + o] = (float)sum;
            }
        }

        return result;
    }

    private static TemporaryFolder Folder(float[] weights, int outputs, int inputs)
    {
        var file = SmallCheckpoint.Safetensors(
            $$"""{"{{Tensor}}":{"dtype":"F32","shape":[{{outputs}},{{inputs}}],"data_offsets":[0,{{4 * weights.Length}}] } }""",
            4 * weights.Length);
        MemoryMarshal.AsBytes(weights.AsSpan()).CopyTo(file.AsSpan(file.Length - (4 * weights.Length)));
        return SmallCheckpoint.With("model.safetensors", file);
    }
}
