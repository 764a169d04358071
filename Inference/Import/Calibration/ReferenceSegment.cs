using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>A piece of a float32 model that fits into memory by itself: written to the disk, opened, used for all
/// calibration items, removed.</summary>
/// <param name="folder">For the segment's files; it is gone after each run.</param>
/// <param name="graph">With all weights still to be written.</param>
/// <param name="taps">What is measured.</param>
/// <param name="result">The output that is taken.</param>
/// <param name="moments">What goes into the linear layers is added.</param>
internal sealed class ReferenceSegment(
    string folder, OnnxGraph graph, IReadOnlyList<LinearCapture> taps, string result, ImportanceMatrix moments) : ISegment
{
    private const string File = "segment.onnx";

    public void Run(IEnumerable<Dictionary<string, OrtValue>> items, ResultTaker take)
    {
        Directory.CreateDirectory(folder);
        try
        {
            Write();
            using var options = new SessionOptions
            {
                EnableMemoryPattern = false,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };

            // Packing copies every weight, which pays only when a segment is used more often than here.
            options.AddSessionConfigEntry("session.disable_prepacking", "1");
            using var session = new InferenceSession(Path.Combine(folder, File), options);
            using var runOptions = new RunOptions();
            string[] outputs = [result, .. taps.Select(t => t.Input).Distinct().Where(t => t != result)];
            var index = 0;
            foreach (var item in items)
            {
                try
                {
                    using var values = session.Run(runOptions, item.Keys.ToArray(), item.Values.ToArray(), outputs);
                    foreach (var tap in taps)
                    {
                        moments.Add(tap.Node, values[Array.IndexOf(outputs, tap.Input)].GetTensorDataAsSpan<float>(), tap.Inputs);
                    }

                    take(index++, values[0].GetTensorDataAsSpan<float>());
                }
                finally
                {
                    foreach (var value in item.Values)
                    {
                        value.Dispose();
                    }
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Write()
    {
        using (var data = new ExternalDataFile(Path.Combine(folder, $"{File}.data")))
        {
            graph.WriteWeights(data);
        }

        using var stream = System.IO.File.Create(Path.Combine(folder, File));
        graph.Save(stream);
    }
}
