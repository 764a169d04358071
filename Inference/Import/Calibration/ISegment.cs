using Microsoft.ML.OnnxRuntime;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>A piece of a model that fits into memory by itself: opened, used for all items, closed.</summary>
internal interface ISegment
{
    /// <param name="items">Inputs of each run, by name; disposed here.</param>
    /// <param name="take">Gets each item's number and result, which is valid only during the call.</param>
    void Run(IEnumerable<Dictionary<string, OrtValue>> items, ResultTaker take);
}

/// <param name="item">Its number.</param>
/// <param name="values">The segment's result.</param>
internal delegate void ResultTaker(int item, ReadOnlySpan<float> values);
