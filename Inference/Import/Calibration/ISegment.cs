using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>A piece of a model that fits into memory by itself: opened, used for all items, closed.</summary>
internal interface ISegment
{
    /// <param name="items">Asked for one after the other: an item may depend on the results of those before it.</param>
    /// <param name="outputs">Names of the results that each item gets, in this order.</param>
    void Run(IEnumerable<SegmentItem> items, IReadOnlyList<string> outputs);
}

/// <summary>One run of a segment.</summary>
/// <param name="Inputs">By name; disposed after the run.</param>
/// <param name="Take">Gets the results, which are valid only during the call.</param>
/// <param name="IsMeasured">Whether weights are calibrated with its activations.</param>
internal sealed record SegmentItem(Dictionary<string, OrtValue> Inputs, Action<IReadOnlyList<OrtValue>> Take, bool IsMeasured = true);
