using System.Security.Cryptography;
using System.Text;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>A picture in memory, RGB, 8 bit, interleaved, [height, width, 3].</summary>
public sealed record CalibrationPicture(byte[] Pixels, int Width, int Height)
{
    public RgbImage Image => new(Pixels, Width, Height);
}

/// <summary>A question with a typical answer: logits are compared along that answer, not along what this model itself would
/// generate.</summary>
public sealed record CalibrationQuestion(string Question, string Answer);

/// <summary>Pictures and questions that an import calibrates quantization with and measures its loss on. Question i is asked
/// about picture i modulo their number.</summary>
/// <param name="Description">Text for the manifest.</param>
/// <param name="Pictures">At least one.</param>
/// <param name="Questions">At least one.</param>
public sealed record CalibrationSet(
    string Description, IReadOnlyList<CalibrationPicture> Pictures, IReadOnlyList<CalibrationQuestion> Questions)
{
    /// <summary>Short answers, as the questions of a service get them, and sentences.</summary>
    private static readonly CalibrationQuestion[] Typical =
    [
        new("Is there a person?", "No"),
        new("Describe the scene.", "The image shows a street with a few buildings and a car parked in front of them."),
        new("What color is the car?", "The car is red."),
        new("How many people are there?", "There are two people in the picture."),
        new("Is the gate open or closed?", "The gate is closed."),
        new("Is it day or night? Answer in one word.", "Day"),
        new("Is there smoke or fire?", "Yes, there is smoke in the background."),
        new("What is the person doing?", "The person is walking along the road with a bag in the right hand."),
    ];

    /// <summary>Drawn pictures and everyday questions, the same on every machine.</summary>
    public static CalibrationSet Bundled { get; } = Of("drawn", SyntheticPicture.Some);

    /// <summary>A user's own pictures with the everyday questions.</summary>
    public static CalibrationSet OfPictures(IReadOnlyList<CalibrationPicture> pictures) => Of("own", pictures);

    /// <summary>Texts that go through the decoder beside the questions: quantization is calibrated with many more tokens than questions
    /// have. The loss is not measured on them.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>Ids of the texts, each with the begin token in front.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">Longest context of the model; what is longer is left out.</param>
    internal int[][] EncodeTexts(LlamaTextTokenizer tokenizer, int maxTokens) =>
        [.. Texts.Select(text => (int[])[tokenizer.BeginId, .. tokenizer.Encode(text)])
            .Select(ids => ids.Length > maxTokens ? ids[..maxTokens] : ids)];

    /// <summary>Equal for equal pictures, questions and texts.</summary>
    internal string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var picture in Pictures)
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{picture.Width}x{picture.Height}"));
                hash.AppendData(picture.Pixels);
            }

            hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', [.. Questions.Select(q => q.ToString()), .. Texts])));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    private static CalibrationSet Of(string kind, IReadOnlyList<CalibrationPicture> pictures) =>
        new($"{pictures.Count} {kind} pictures, {Typical.Length} questions", pictures, Typical) { Texts = CalibrationTexts.Bundled };
}
