using System.Security.Cryptography;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Inference.Evaluation;

namespace MobileVlm.Edge.Inference.Tests.Evaluation;

/// <summary>The photographs that are shipped: whose they are, and that what the loss is measured on is not what weights are calibrated
/// with.</summary>
public sealed partial class PhotographTests
{
    private const int FewestScenes = 12;

    [Fact]
    public void Each_photograph_has_package_author_and_licence_in_the_notice()
    {
        var rows = File.ReadLines(GoldenFolder.Path("..", "..", "NOTICE"))
            .Select(line => NoticeRow().Match(line)).Where(row => row.Success).ToDictionary(row => row.Groups["name"].Value);
        Assert.Equal(Photograph.All.Select(p => p.Name).Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            rows.Keys.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(GoldenFolder.Path("..", "..", "Inference", "Evaluation", "Photographs"))
                .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void There_are_enough_scenes_and_the_halves_have_none_in_common()
    {
        Assert.True(Photograph.All.Count >= FewestScenes);
        Assert.Equal(Photograph.All.Count, Photograph.All.Select(p => p.Name).Distinct().Count());
        Assert.True(Photograph.ForCalibration.Count() >= FewestScenes / 2 && Photograph.HeldOut.Count() >= FewestScenes / 2);
        Assert.Empty(Photograph.ForCalibration.Intersect(Photograph.HeldOut));
        Assert.Equal(Photograph.All.Count, Photograph.All.Select(Hash).Distinct().Count());

        var set = TestPhotographs.Set;
        Assert.Empty(set.Pictures.Select(p => Convert.ToHexString(p.Pixels)).Intersect(set.Gates.Pictures.Select(p => Convert.ToHexString(p.Picture.Pixels))));
        Assert.Empty(set.Texts.Intersect(set.Gates.Texts));
    }

    [Fact]
    public void All_together_are_small()
    {
        var bytes = Photograph.All.Sum(photograph =>
        {
            using var file = photograph.Open();
            return file.Length;
        });
        Assert.InRange(bytes, 100_000, 1_500_000);
        Assert.All(TestPhotographs.Set.Pictures, picture => Assert.True(Math.Min(picture.Width, picture.Height) >= 300));
    }

    [Theory]
    [InlineData(1, 1, 10, "photographs")]
    [InlineData(2, 1, 1, "own pictures")]
    [InlineData(7, 4, 3, "own pictures")]
    public void Every_second_picture_of_a_user_is_held_out(int pictures, int calibration, int heldOut, string kind)
    {
        var own = Enumerable.Range(0, pictures).Select(SyntheticPicture.Draw).ToList();
        var set = CalibrationSet.OfPictures(own, TestPhotographs.Decode);
        Assert.Equal((calibration, heldOut, kind), (set.Pictures.Count, set.Gates.Pictures.Count, set.Gates.Kind));
        Assert.Empty(set.Pictures.Intersect(set.Gates.Pictures.Select(it => it.Picture)));
    }

    private static string Hash(Photograph photograph)
    {
        using var file = photograph.Open();
        return Convert.ToHexString(SHA256.HashData(file));
    }

    /// <summary>Name, package with version and file in it, licence, author.</summary>
    [GeneratedRegex(@"^(?<name>[a-z]+)\.jpg +(CC0-1\.0|CC-BY(-SA)?-4\.0|public domain)  +\S.*, from \S+ \d\S* \(\S+\)$")]
    private static partial Regex NoticeRow();
}
