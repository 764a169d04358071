using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Onnx;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>A piece of a finished graph in a folder: the weights are the ones on the disk, the kernels those of the service,
/// and only this piece is in memory.</summary>
/// <param name="folder">The folder with the weights.</param>
/// <param name="build">Makes the graph, which refers to them; nothing of it is written.</param>
/// <param name="packs">Whether weights are packed as in the service. Quantized ones need it for the same kernels; for floats it
/// would only be a second copy.</param>
/// <param name="cancel">Stops before the next item.</param>
internal sealed class StoredSegment(string folder, Func<OnnxGraph> build, bool packs, CancellationToken cancel) : ISegment
{
    public void Run(IEnumerable<SegmentItem> items, IReadOnlyList<string> outputs)
    {
        using var options = SessionFactory.Options(new ExecutionSettings(), fixedShapes: false);

        // A model that comes from memory has no folder in which weights are found.
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        options.AddSessionConfigEntry("session.disable_prepacking", packs ? "0" : "1");
        using var model = new MemoryStream();
        build().Save(model);
        using var session = new InferenceSession(model.ToArray(), options);
        using var runOptions = new RunOptions();
        foreach (var item in items)
        {
            try
            {
                cancel.ThrowIfCancellationRequested();
                using var values = session.Run(runOptions, item.Inputs.Keys.ToArray(), item.Inputs.Values.ToArray(), outputs);
                item.Take([.. values]);
            }
            finally
            {
                foreach (var value in item.Inputs.Values)
                {
                    value.Dispose();
                }
            }
        }
    }
}
