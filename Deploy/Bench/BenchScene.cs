using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>The pictures and questions of a benchmark. Speed depends on sizes only, so any picture will do.</summary>
internal sealed class BenchScene
{
    private const int Width = 640, Height = 480;

    private static readonly string[] Questions =
    [
        "Is there a person at the gate?", "Is the gate open?", "Is there a car in the picture?", "Is it night?",
        "Is a dog in front of the house?", "Is there a parcel at the door?", "Can smoke or fire be seen?", "Is it raining?",
        "Is the light above the door on?", "Is somebody carrying a bag?", "Is there a bicycle?", "Is the road wet?",
        "Is a truck being unloaded?", "Does anybody wear a helmet?", "Is the window closed?", "Is there snow on the ground?",
    ];

    private readonly DecodedImage? _picture;
    private readonly byte[] _pixels = new byte[3 * Width * Height];
    private int _shown;

    /// <param name="image">A file to use instead of a generated picture.</param>
    public BenchScene(string? image)
    {
        _picture = image is null ? null : ImageOption.Read(image);
        new Random(1).NextBytes(_pixels);
    }

    public static IReadOnlyList<int> QuestionCounts { get; } = [1, 2, 4, 8, 16];

    public static IReadOnlyList<int> TaughtCounts { get; } = [1, 8, 100];

    /// <summary>The next picture, never twice the same; valid until the next call.</summary>
    public RgbImage Next()
    {
        if (_picture is { } picture)
        {
            return new RgbImage(picture.Pixels, picture.Width, picture.Height);
        }

        _pixels.AsSpan(Width * 3 * (_shown++ % Height), Width * 3).Fill((byte)_shown);
        return new RgbImage(_pixels, Width, Height);
    }

    /// <summary>Without a suffix, so that llama.cpp can be given the very same prompts and figures of earlier versions compare.</summary>
    public static IReadOnlyList<Question> YesNo(int count) =>
        [.. Questions.Take(count).Select(text => new Question(text, AnswerKind.YesNo) { Suffix = "" })];

    /// <summary>Questions that are answered from the visual tokens alone, with any weights.</summary>
    /// <param name="count">How many.</param>
    /// <param name="hidden">Width of a visual token.</param>
    public static IReadOnlyList<Question> Taught(int count, int hidden)
    {
        var random = new Random(1);
        return
        [
            .. Enumerable.Range(0, count).Select(i =>
            {
                float[] weights = [.. Enumerable.Range(0, 3 * hidden).Select(_ => random.NextSingle() - 0.5f)];
                var head = new LinearHead([new HeadTerm(FeatureKinds.VisualTokens, [weights])], [], [0]);
                return new Question(Questions[i % Questions.Length], AnswerKind.YesNo) { Taught = new TaughtScorer(null, head, 0, TaughtAnswerer.Taught) };
            }),
        ];
    }

    public static IReadOnlyList<Question> Texts(int count, int tokens) =>
        [.. Questions.Take(count).Select(text => new Question(text, AnswerKind.Text, tokens))];
}
