using System.Text.Json;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>preprocessor_config.json: mean and deviation of the pixels are read; any other way from a picture to pixels than
/// padding to a square, bicubic scaling, division by 255 and normalisation is refused.</summary>
internal static class PreprocessorReader
{
    /// <summary>Pillow's number of its bicubic filter.</summary>
    private const int Bicubic = 3;

    private const double RescaleTolerance = 1e-7;

    /// <summary>Adds what the file says to a tower's sizes.</summary>
    /// <exception cref="CheckpointException">A key is damaged or asks for something else.</exception>
    public static VisionConfig Read(VisionConfig vision, string file)
    {
        var fields = new ConfigFields(file, JsonFile.Read(file));
        foreach (var step in (string[])["do_resize", "do_rescale", "do_normalize"])
        {
            fields.MustBe(step, value => value.ValueKind == JsonValueKind.True, "true");
        }

        foreach (var key in (string[])["image_processor_type", "feature_extractor_type"])
        {
            fields.MustBe(key, IsClip, "\"CLIPImageProcessor\"");
        }

        fields.MustBe("resample", value => ConfigFields.IsNumber(value, Bicubic), $"{Bicubic} (bicubic)");
        fields.MustBe("rescale_factor", IsShareOf255, "1/255");
        fields.MustBe("size", value => IsSize(value, vision.ImageSize), $"the tower's image_size, {vision.ImageSize}");

        // A picture of the size above loses nothing when it is cropped to it.
        if (fields.Flag("do_center_crop", fallback: true))
        {
            fields.MustBe("crop_size", value => IsSize(value, vision.ImageSize), $"the tower's image_size, {vision.ImageSize}");
        }

        return vision with
        {
            ImageMean = fields.Colour("image_mean", ClipTower.Sizes.ImageMean, mayBeZero: true),
            ImageStd = fields.Colour("image_std", ClipTower.Sizes.ImageStd, mayBeZero: false),
        };
    }

    private static bool IsClip(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString()!.StartsWith("CLIP", StringComparison.Ordinal);

    private static bool IsShareOf255(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var factor) && Math.Abs(factor - (1.0 / 255)) < RescaleTolerance;

    /// <summary>A number, or an object with the shortest edge or with height and width.</summary>
    private static bool IsSize(JsonElement value, int size) => value.ValueKind == JsonValueKind.Object
        ? value.EnumerateObject().Where(edge => edge.Value.ValueKind != JsonValueKind.Null).ToList() is { Count: > 0 } edges
            && edges.All(edge => edge.Name is "shortest_edge" or "height" or "width" && ConfigFields.IsNumber(edge.Value, size))
        : ConfigFields.IsNumber(value, size);
}
