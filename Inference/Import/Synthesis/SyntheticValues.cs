using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>The values of synthetic tensors: noise, and ones for norms.</summary>
/// <param name="noise">Where noise comes from.</param>
/// <param name="outliers">Whether a few channels of each norm are sixty times as large, the same ones in each layer, as
/// trained CLIP and LLaMA models have them.</param>
/// <param name="written">Called with the bytes of each piece and whose they are.</param>
internal sealed class SyntheticValues(NoiseBlock noise, bool outliers, Action<string, int> written)
{
    private const int OutlierFactor = 60;
    private const int ChannelsForOneOutlier = 512;

    public void Write(SyntheticTensor tensor, Stream stream)
    {
        if (!tensor.IsNorm)
        {
            noise.Write(stream, tensor.Count, tensor.Scale, tensor.Name, bytes => written(tensor.Name, bytes));
            return;
        }

        var values = new Half[tensor.Count];
        values.AsSpan().Fill(Half.One);
        var few = Math.Max(2, values.Length / ChannelsForOneOutlier);
        for (var i = 0; outliers && i < few; i++)
        {
            values[noise.Pick($"outlier {i} of {values.Length}", values.Length)] = (Half)OutlierFactor;
        }

        var bytes = MemoryMarshal.AsBytes(values.AsSpan());
        stream.Write(bytes);
        written(tensor.Name, bytes.Length);
    }
}
