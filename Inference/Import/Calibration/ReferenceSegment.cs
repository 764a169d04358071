using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>A piece of a float32 model that fits into memory by itself: written to the disk, opened, used for all
/// calibration items, removed.</summary>
/// <param name="folder">For the segment's files; removed after each run.</param>
/// <param name="graph">With all weights still to be written.</param>
/// <param name="captures">The inputs that are measured.</param>
/// <param name="importance">Receives the mean squares of the captured inputs.</param>
/// <param name="covariances">Receives their covariances; null for none.</param>
internal sealed class ReferenceSegment(
    string folder, OnnxGraph graph, IReadOnlyList<LinearCapture> captures, ImportanceMatrix importance, CovarianceStore? covariances) : ISegment
{
    private const string File = "segment.onnx";

    public void Run(IEnumerable<SegmentItem> items, IReadOnlyList<string> outputs)
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

            // Packing copies every weight, which is worth it only for a segment that is used more often than this one.
            options.AddSessionConfigEntry("session.disable_prepacking", "1");
            using var session = new InferenceSession(Path.Combine(folder, File), options);
            using var runOptions = new RunOptions();
            string[] all = [.. outputs, .. captures.Select(c => c.Input).Distinct().Except(outputs)];
            foreach (var item in items)
            {
                try
                {
                    using var values = session.Run(
                        runOptions, item.Inputs.Keys.ToArray(), item.Inputs.Values.ToArray(), item.IsMeasured ? all : [.. outputs]);
                    if (item.IsMeasured)
                    {
                        Measure(values, all);
                    }

                    item.Take([.. values.Take(outputs.Count)]);
                }
                finally
                {
                    foreach (var value in item.Inputs.Values)
                    {
                        value.Dispose();
                    }
                }
            }

            SaveCovariances();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Measure(IReadOnlyList<OrtValue> values, string[] outputs)
    {
        foreach (var inputs in captures.GroupBy(c => c.Input))
        {
            var first = inputs.First();
            var rows = values[Array.IndexOf(outputs, inputs.Key)].GetTensorDataAsSpan<float>();
            foreach (var capture in inputs)
            {
                importance.Add(capture.Node, rows, capture.Inputs);
            }

            // Matrices with one input have one covariance.
            covariances?.Add(first.Node, rows, first.Inputs);
        }
    }

    private void SaveCovariances()
    {
        covariances?.Save();
        foreach (var capture in covariances is null ? [] : captures)
        {
            covariances!.Share(capture.Node, captures.First(c => c.Input == capture.Input).Node);
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
