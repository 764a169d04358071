using BenchmarkDotNet.Attributes;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Tests.Images;

namespace MobileVlm.Edge.Benchmarks;

/// <summary>Converts a camera's frame to the encoder's pixels, beside the plain loops of release 0.1.0.</summary>
[MemoryDiagnoser]
public class PreprocessingBenchmarks
{
    private readonly ImagePreprocessor _preprocessor = new(336, [0.481f, 0.458f, 0.408f], [0.269f, 0.261f, 0.276f]);
    private readonly ScalarPreprocessor _scalar = new(336, [0.481f, 0.458f, 0.408f], [0.269f, 0.261f, 0.276f]);
    private readonly float[] _result = new float[3 * 336 * 336];
    private byte[] _pixels = [];

    [Params("640x480", "1280x720", "1920x1080", "3840x2160")]
    public string Size { get; set; } = "";

    private (int Width, int Height) Sides => (int.Parse(Size.Split('x')[0]), int.Parse(Size.Split('x')[1]));

    [GlobalSetup]
    public void Setup()
    {
        _pixels = new byte[Sides.Width * Sides.Height * 3];
        new Random(1).NextBytes(_pixels);
    }

    [Benchmark(Baseline = true)]
    public float Scalar()
    {
        _scalar.Preprocess(new RgbImage(_pixels, Sides.Width, Sides.Height), _result);
        return _result[0];
    }

    [Benchmark]
    public float Preprocess()
    {
        _preprocessor.Preprocess(new RgbImage(_pixels, Sides.Width, Sides.Height), _result);
        return _result[0];
    }
}
