using System.Security.Cryptography;
using System.Text;
using MobileVlm.Edge.Inference.Evaluation.Gates;
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

/// <summary>Decodes a JPEG file. This assembly has no decoder of its own.</summary>
/// <param name="jpeg">Read to its end and left open.</param>
public delegate CalibrationPicture PictureReader(Stream jpeg);

/// <summary>Pictures and questions that an import calibrates quantization with, and other ones that it measures the loss on
/// (<see cref="Gates"/>). Question i is asked about picture i modulo their number. A model of text only is calibrated with
/// <see cref="Texts"/> alone.</summary>
/// <param name="Description">Which pictures these are: <c>photographs</c>.</param>
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

    /// <summary>The photographs of this program and everyday questions, the same on every machine.</summary>
    /// <param name="read">Decodes them.</param>
    public static CalibrationSet Bundled(PictureReader read) =>
        Of(Photograph.Kind, [.. Photograph.ForCalibration.Select(p => p.Decode(read))], GateSet.Bundled(read));

    /// <summary>A user's own pictures with the everyday questions: every second one is held out, and the loss is measured on those.
    /// A single picture is for calibration; the loss is then measured on the photographs of this program.</summary>
    /// <param name="pictures">At least one.</param>
    /// <param name="read">Decodes the photographs of this program.</param>
    public static CalibrationSet OfPictures(IReadOnlyList<CalibrationPicture> pictures, PictureReader read)
    {
        const string Kind = "own pictures";
        ArgumentNullException.ThrowIfNull(pictures);
        CalibrationPicture[] heldOut = [.. pictures.Where((_, i) => i % 2 == 1)];
        return Of(
            Kind,
            [.. pictures.Where((_, i) => i % 2 == 0)],
            heldOut.Length == 0 ? GateSet.Bundled(read) : GateSet.OfPictures(Kind, heldOut));
    }

    /// <summary>Texts that go through the decoder beside the questions: quantization is calibrated with many more tokens than questions
    /// have. The loss is not measured on them.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>Pictures, questions and texts on which the loss is measured; none of them is used for calibration.</summary>
    public GateSet Gates { get; init; } = GateSet.Empty;

    /// <summary>Ids of the texts, each with the begin token in front.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">Longest context of the model; what is longer is left out.</param>
    internal int[][] EncodeTexts(LlamaTextTokenizer tokenizer, int maxTokens) =>
        [.. Texts.Select(text => (int[])[tokenizer.BeginId, .. tokenizer.Encode(text)])
            .Select(ids => ids.Length > maxTokens ? ids[..maxTokens] : ids)];

    /// <summary>Equal for equal pictures, questions, texts and gates.</summary>
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
            if (!Gates.IsEmpty)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(Gates.Fingerprint));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>What weights were calibrated with, for the manifest.</summary>
    /// <param name="hasVision">Whether the model has a vision encoder.</param>
    internal string Describe(bool hasVision) => hasVision
        ? $"{Pictures.Count} {Description}, {Questions.Count} questions, {Texts.Count} texts"
        : $"{Texts.Count} texts";

    private static CalibrationSet Of(string kind, IReadOnlyList<CalibrationPicture> pictures, GateSet gates) =>
        new(kind, pictures, Typical) { Texts = CalibrationTexts.Bundled, Gates = gates };
}
