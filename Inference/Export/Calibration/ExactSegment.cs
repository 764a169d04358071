using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Export.Calibration;

/// <summary>A piece of a float32 model that fits into memory by itself: written to the disk, opened, used for all
/// calibration items, removed.</summary>
internal sealed class ExactSegment(OnnxGraph graph, IReadOnlyList<LinearTap> taps, string result)
{
    private const string File = "segment.onnx";

    /// <summary>Runs every item.</summary>
    /// <param name="folder">For the segment's files; they are gone afterwards.</param>
    /// <param name="items">Inputs of each run, by name; disposed here.</param>
    /// <param name="moments">What goes into the linear layers is added.</param>
    /// <param name="take">Gets each item's index and result, valid only during the call.</param>
    public void Run(
        string folder,
        IEnumerable<Dictionary<string, OrtValue>> items,
        ActivationMoments moments,
        ResultTaker take)
    {
        Directory.CreateDirectory(folder);
        try
        {
            Write(folder);
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

    private void Write(string folder)
    {
        using (var data = new ExternalDataFile(Path.Combine(folder, $"{File}.data")))
        {
            graph.WriteWeights(data);
        }

        using var stream = System.IO.File.Create(Path.Combine(folder, File));
        graph.Save(stream);
    }
}

/// <param name="item">Its number.</param>
/// <param name="values">The segment's result.</param>
internal delegate void ResultTaker(int item, ReadOnlySpan<float> values);
