using System.Security.Cryptography;
using System.Text;

namespace MobileVlm.Edge.Inference.Evaluation.Gates;

/// <summary>A picture on which the loss is measured.</summary>
/// <param name="Picture">Its pixels.</param>
/// <param name="Caption">A sentence about it, which is given as the answer to "Describe the scene.".</param>
public sealed record GatePicture(CalibrationPicture Picture, string Caption);

/// <summary>What the loss of a precision is measured on: pictures with questions, or texts for a model of text only. Nothing of it
/// is used for calibration.</summary>
/// <param name="Kind">Which pictures these are, for the manifest.</param>
/// <param name="Pictures">Each another scene.</param>
/// <param name="Texts">Each at least a hundred tokens.</param>
public sealed record GateSet(string Kind, IReadOnlyList<GatePicture> Pictures, IReadOnlyList<string> Texts)
{
    /// <summary>Fewer scenes than this are mentioned in the manifest's description as few.</summary>
    internal const int FewScenes = 12;

    /// <summary>Yes/no questions of a picture.</summary>
    internal const int YesNoPerPicture = 5;

    /// <summary>Asked for a description, which the caption answers.</summary>
    internal const string Describe = "Describe the scene.";

    private const string AnyCaption = "The picture shows a place with a few things in front of a plain background.";

    /// <summary>Questions whose answers differ from scene to scene. Picture i is asked <see cref="YesNoPerPicture"/> of them from
    /// number i on, so that each is asked about several pictures.</summary>
    internal static IReadOnlyList<string> YesNo { get; } =
    [
        "Is there a person?", "Is there an animal?", "Is it day?", "Is there a car?", "Was the picture taken outdoors?",
        "Is there water?", "Is there smoke or fire?", "Is anything in the picture red?",
    ];

    /// <summary>Nothing to measure on.</summary>
    public static GateSet Empty { get; } = new("nothing", [], []);

    public bool IsEmpty => Pictures.Count == 0 && Texts.Count == 0;

    /// <summary>The held-out photographs and texts of this program.</summary>
    public static GateSet Bundled(PictureReader read) => new(
        Photograph.Kind, [.. Photograph.HeldOut.Select(p => new GatePicture(p.Decode(read), p.Caption))], CalibrationTexts.HeldOut);

    /// <summary>A user's own pictures, and the texts of this program.</summary>
    public static GateSet OfPictures(string kind, IReadOnlyList<CalibrationPicture> pictures) =>
        new(kind, [.. pictures.Select(picture => new GatePicture(picture, AnyCaption))], CalibrationTexts.HeldOut);

    /// <summary>Equal for equal pictures, questions and texts.</summary>
    public string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var (picture, caption) in Pictures)
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{picture.Width}x{picture.Height} {caption}"));
                hash.AppendData(picture.Pixels);
            }

            hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', [Describe, $"{YesNoPerPicture}", .. YesNo, .. Texts])));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }
}
