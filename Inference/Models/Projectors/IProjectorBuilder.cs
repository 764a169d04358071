using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Models.Projectors;

/// <summary>The pieces that projectors are made of, written into one graph.</summary>
internal interface IProjectorBuilder
{
    /// <summary>The graph that is written.</summary>
    OnnxGraph Graph { get; }

    /// <summary>The vision encoder's sizes.</summary>
    VisionConfig Vision { get; }

    /// <summary>Width of the visual tokens.</summary>
    int HiddenSize { get; }

    /// <summary>Writes linear layers with exact GELU between each two, from the encoder's width into the decoder's.</summary>
    /// <param name="features">[1, patches, width].</param>
    /// <param name="layers">Tensor of each layer: <c>TENSOR.weight</c> and <c>TENSOR.bias</c>. At least one.</param>
    /// <param name="mean">Writes means of rows of [1, patches, hidden], which the last layer then takes; null for none. Linear layers
    /// and means may change places, and there are fewer means.</param>
    /// <returns>[1, patches or means, hidden].</returns>
    string Mlp(string features, IReadOnlyList<string> layers, Func<string, string>? mean = null);

    /// <summary>Rows [1, grid², hidden] to a map [1, hidden, grid, grid].</summary>
    string ToMap(string rows, int grid, string node = "projector.map");

    /// <summary>A map [1, hidden, grid, grid] to rows [1, grid², hidden].</summary>
    string ToRows(string map, int grid, string node);

    /// <summary>A map [1, hidden, grid, grid] to the visual tokens.</summary>
    void MapToVisualTokens(string map, int grid);

    /// <summary>Rows [1, tokens, hidden] to the visual tokens.</summary>
    void RowsToVisualTokens(string rows);

    /// <summary>Means of a map over windows that divide it as evenly as possible and overlap where they must
    /// (PyTorch's <c>AdaptiveAvgPool2d</c>).</summary>
    /// <param name="map">[1, hidden, from, from].</param>
    /// <param name="from">Rows and columns of the map.</param>
    /// <param name="to">Rows and columns of the result, more or fewer.</param>
    /// <param name="node">Name of the node and of its result.</param>
    string AdaptiveMean(string map, int from, int to, string node);

    /// <summary>A 3x3 convolution of each channel by itself, with padding 1.</summary>
    /// <param name="node">Name of the node and of its result.</param>
    /// <param name="map">[1, hidden, rows, columns].</param>
    /// <param name="weightTensor">[hidden, 1, 3, 3].</param>
    /// <param name="biasTensor">[hidden]; null where it has no bias.</param>
    /// <param name="stride">Of both directions.</param>
    string DepthwiseConv(string node, string map, string weightTensor, string? biasTensor, int stride);

    /// <summary>A 1x1 convolution without a bias.</summary>
    string PointwiseConv(string node, string map, string weightTensor);

    /// <summary>A 1x1 convolution with a bias: <c>TENSOR.weight</c> and <c>TENSOR.bias</c>.</summary>
    string BiasedPointwiseConv(string node, string map, string tensor, int outputs, int inputs);

    /// <summary>A norm over the channels of a map: <c>TENSOR.weight</c> and <c>TENSOR.bias</c>.</summary>
    string ChannelNorm(string node, string map, string tensor);
}
