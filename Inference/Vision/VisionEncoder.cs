using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Vision;

/// <summary>CLIP encoder and projector in one session. One call at a time; dispose when no call runs.</summary>
public sealed class VisionEncoder : IVisionEncoder
{
    private static readonly string[] Inputs = [VisionTensors.PixelValues];
    private static readonly string[] Outputs = [VisionTensors.VisualTokens];

    private readonly InferenceSession _session;
    private readonly ImagePreprocessor _preprocessor;
    private readonly RunOptions _runOptions = new();
    private readonly float[] _pixels;
    private readonly OrtValue _pixelValue;
    private readonly int _tokens;
    private readonly int _hidden;

    /// <param name="folder">A model with a vision part.</param>
    /// <param name="settings">Where and how it runs.</param>
    /// <param name="fit">How a picture becomes a square.</param>
    /// <exception cref="ModelFolderException">The folder has no vision part, or its graph does not match its manifest.</exception>
    public VisionEncoder(ModelFolder folder, ExecutionSettings settings, PictureFit fit = PictureFit.Pad)
    {
        _session = SessionFactory.Open(folder, ModelFolder.VisionFile, settings, fixedShapes: true);
        try
        {
            var vision = folder.Manifest.Vision ?? throw new ModelFolderException(
                folder.FolderPath, "the manifest has a vision graph but no sizes for it. Import the model again.");
            (_tokens, _hidden) = (folder.Manifest.VisualTokens, folder.Manifest.Language.HiddenSize);
            folder.Expect(ModelFolder.VisionFile, VisionTensors.PixelValues, 1, 3, vision.ImageSize, vision.ImageSize);
            folder.Expect(ModelFolder.VisionFile, VisionTensors.VisualTokens, 1, _tokens, _hidden);
            _preprocessor = new ImagePreprocessor(vision.ImageSize, vision.ImageMean, vision.ImageStd, fit);
            _pixels = new float[3 * vision.ImageSize * vision.ImageSize];
            _pixelValue = OrtValue.CreateTensorValueFromMemory(_pixels, [1, 3, vision.ImageSize, vision.ImageSize]);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    public VisualTokens Encode(RgbImage image)
    {
        _preprocessor.Preprocess(image, _pixels);
        var tokens = new VisualTokens(_tokens, _hidden);
        try
        {
            using var result = OrtValue.CreateTensorValueFromMemory(
                OrtMemoryInfo.DefaultInstance, tokens.Values, [1, _tokens, _hidden]);
            _session.Run(_runOptions, Inputs, [_pixelValue], Outputs, [result]);
            return tokens;
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    /// <summary>Patch features before the projector, [patches, width], of normalised pixels [3, size, size].</summary>
    internal float[] PatchFeatures(ReadOnlySpan<float> pixelValues)
    {
        pixelValues.CopyTo(_pixels);
        using var results = _session.Run(_runOptions, Inputs, [_pixelValue], [VisionTensors.PatchFeatures]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    public void Dispose()
    {
        _pixelValue.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }
}
