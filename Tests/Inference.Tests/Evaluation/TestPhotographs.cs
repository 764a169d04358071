using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Tests.Images;

namespace MobileVlm.Edge.Inference.Tests.Evaluation;

/// <summary>The photographs of the program, decoded once.</summary>
internal static class TestPhotographs
{
    public static CalibrationSet Set { get; } = CalibrationSet.Bundled(Decode);

    public static CalibrationPicture Decode(Stream jpeg)
    {
        var picture = TestPicture.Load(jpeg);
        return new CalibrationPicture(picture.Pixels, picture.Width, picture.Height);
    }
}
