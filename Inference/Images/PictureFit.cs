namespace MobileVlm.Edge.Inference.Images;

/// <summary>How a picture that is not square becomes one.</summary>
public enum PictureFit
{
    /// <summary>Padded with the mean colour on its shorter sides. What the models were trained with.</summary>
    Pad,

    /// <summary>Resized so that its shorter side fits, then cropped in the centre: CLIP's own preprocessing, which the published
    /// evaluation of ScienceQA uses.</summary>
    CropCentre,
}
